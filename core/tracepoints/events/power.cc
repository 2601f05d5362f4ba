// SPDX-License-Identifier: MIT
//
// core/tracepoints/events/power.h's tracepoints.
#include "core/tracepoints/events/power.h"

namespace ebpf {

EBPF_TRACEPOINT(CpuIdle);
EBPF_TRACEPOINT(CpuFrequency);

}  // namespace ebpf
