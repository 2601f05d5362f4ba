// SPDX-License-Identifier: MIT
//
// core/tracepoints/events/irq.h's tracepoints.
#include "core/tracepoints/events/irq.h"

namespace ebpf {

EBPF_TRACEPOINT(IrqHandlerEntry);
EBPF_TRACEPOINT(IrqHandlerExit);
EBPF_TRACEPOINT(SoftirqEntry);
EBPF_TRACEPOINT(SoftirqExit);
EBPF_TRACEPOINT(SoftirqRaise);

}  // namespace ebpf
