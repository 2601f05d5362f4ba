// SPDX-License-Identifier: MIT
//
// core/capi/ebpf_trace.h's functions of events raw_syscalls:*.
#include "core/capi/ebpf_trace.h"
#include "core/tracepoints/events/raw_syscalls.h"

namespace ebpf {

extern "C" {

void ebpf_trace_sys_enter(const void* regs, int64_t number,
                          const uint64_t arguments[6]) {
  EBPF_TRACE(RawSyscallsSysEnter, regs, number, arguments);
}

void ebpf_trace_sys_exit(const void* regs, int64_t number, int64_t result) {
  EBPF_TRACE(RawSyscallsSysExit, regs, result, number);
}

}  // extern "C"

}  // namespace ebpf
