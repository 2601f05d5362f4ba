// SPDX-License-Identifier: MIT
//
// core/capi/ebpf_trace.h's functions of events net:*.
#include "core/capi/ebpf_trace.h"
#include "core/tracepoints/events/net.h"

namespace ebpf {

extern "C" {

void ebpf_trace_netif_receive_skb(const void* packet, uint32_t size,
                                  const char* name) {
  EBPF_TRACE(NetifReceiveSkb, packet, size, name);
}

void ebpf_trace_netif_rx(const void* packet, uint32_t size, const char* name) {
  EBPF_TRACE(NetifRx, packet, size, name);
}

void ebpf_trace_net_dev_queue(const void* packet, uint32_t size,
                              const char* name) {
  EBPF_TRACE(NetDevQueue, packet, size, name);
}

void ebpf_trace_net_dev_xmit(const void* packet, uint32_t size,
                             const char* name, int32_t rc) {
  EBPF_TRACE(NetDevXmit, packet, rc, nullptr, size, name);
}

}  // extern "C"

}  // namespace ebpf
