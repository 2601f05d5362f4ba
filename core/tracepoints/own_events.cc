// SPDX-License-Identifier: MIT
//
// core/tracepoints/own_events.h's tracepoints.
#include "core/tracepoints/own_events.h"

namespace ebpf {

EBPF_TRACEPOINT(BpfTracePrintk);
EBPF_TRACEPOINT(FtracePrint);

}  // namespace ebpf
