// SPDX-License-Identifier: MIT
//
// core/tracepoints/events/net.h's tracepoints.
#include "core/tracepoints/events/net.h"

namespace ebpf {

EBPF_TRACEPOINT(NetifReceiveSkb);
EBPF_TRACEPOINT(NetifRx);
EBPF_TRACEPOINT(NetDevQueue);
EBPF_TRACEPOINT(NetDevXmit);

}  // namespace ebpf
