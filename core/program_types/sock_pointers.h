// SPDX-License-Identifier: MIT
//
// What programs may read through pointers to sockets, packets' keys and the
// like that are not their context.
#pragma once

#include "core/program_types/program_type.h"

namespace ebpf {

/// PTR_TO_SOCKET: all of struct bpf_sock, read-only.
ContextAnswer SockAccess(const ContextQuery& query);
/// PTR_TO_SOCK_COMMON: what small sockets (time-wait, request) have, too.
ContextAnswer SockCommonAccess(const ContextQuery& query);
/// PTR_TO_TCP_SOCK: struct bpf_tcp_sock.
ContextAnswer TcpSockAccess(const ContextQuery& query);
/// PTR_TO_XDP_SOCK: struct bpf_xdp_sock.
ContextAnswer XdpSockAccess(const ContextQuery& query);
/// PTR_TO_FLOW_KEYS: struct bpf_flow_keys, plain memory, read and written at
/// any place; alignment is the verifier's matter.
ContextAnswer FlowKeysAccess(const ContextQuery& query);

}  // namespace ebpf
