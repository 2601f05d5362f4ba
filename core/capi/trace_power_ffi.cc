// SPDX-License-Identifier: MIT
//
// core/capi/ebpf_trace.h's functions of events power:*.
#include "core/capi/ebpf_trace.h"
#include "core/tracepoints/events/power.h"

namespace ebpf {

extern "C" {

void ebpf_trace_cpu_idle(uint32_t state, uint32_t cpu) {
  EBPF_TRACE(CpuIdle, state, cpu);
}

void ebpf_trace_cpu_frequency(uint32_t khz, uint32_t cpu) {
  EBPF_TRACE(CpuFrequency, khz, cpu);
}

}  // extern "C"

}  // namespace ebpf
