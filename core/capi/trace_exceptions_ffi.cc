// SPDX-License-Identifier: MIT
//
// core/capi/ebpf_trace.h's functions of events exceptions:*.
#include "core/capi/ebpf_trace.h"
#include "core/tracepoints/events/exceptions.h"

namespace ebpf {

extern "C" {

void ebpf_trace_page_fault_user(uint64_t address, uint64_t pc, uint64_t error,
                                const void* regs) {
  EBPF_TRACE(PageFaultUser, address, regs, error, pc);
}

void ebpf_trace_page_fault_kernel(uint64_t address, uint64_t pc, uint64_t error,
                                  const void* regs) {
  EBPF_TRACE(PageFaultKernel, address, regs, error, pc);
}

}  // extern "C"

}  // namespace ebpf
