// SPDX-License-Identifier: MIT
//
// core/capi/ebpf_trace.h's functions of events irq:*.
#include "core/capi/ebpf_trace.h"
#include "core/tracepoints/events/irq.h"

namespace ebpf {

extern "C" {

void ebpf_trace_irq_handler_entry(int32_t irq, const char* name) {
  EBPF_TRACE(IrqHandlerEntry, irq, nullptr, name);
}

void ebpf_trace_irq_handler_exit(int32_t irq, bool handled) {
  EBPF_TRACE(IrqHandlerExit, irq, nullptr, handled ? 1 : 0);
}

void ebpf_trace_softirq_raise(uint32_t vector) {
  EBPF_TRACE(SoftirqRaise, vector);
}

void ebpf_trace_softirq_entry(uint32_t vector) {
  EBPF_TRACE(SoftirqEntry, vector);
}

void ebpf_trace_softirq_exit(uint32_t vector) {
  EBPF_TRACE(SoftirqExit, vector);
}

}  // extern "C"

}  // namespace ebpf
