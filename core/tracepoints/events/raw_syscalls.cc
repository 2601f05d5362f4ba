// SPDX-License-Identifier: MIT
//
// core/tracepoints/events/raw_syscalls.h's tracepoints.
#include "core/tracepoints/events/raw_syscalls.h"

namespace ebpf {

EBPF_TRACEPOINT(RawSyscallsSysEnter);
EBPF_TRACEPOINT(RawSyscallsSysExit);

}  // namespace ebpf
