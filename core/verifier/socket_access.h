// SPDX-License-Identifier: MIT
//
// Objects that programs see as a table of fields, or as plain bytes, and that
// are not their context: sockets, flow keys, buffers.
#pragma once

#include "core/verifier/memory_access.h"

namespace ebpf::verifier {

inline bool PointsToSocket(const RegState& reg) {
  return reg.type == RegType::kSocket || reg.type == RegType::kSockCommon ||
         reg.type == RegType::kTcpSock || reg.type == RegType::kXdpSock;
}

/// A field of a socket: read-only.
Status CheckSocket(Verification& v, const Access& access);

/// Bytes of struct bpf_flow_keys.
Status CheckFlowKeys(Verification& v, const Access& access);

/// Bytes of kTraceBuffer or kBuffer, from its start on and at a known offset:
/// whoever attaches the program compares how far it goes with how large the
/// buffer is.
Status CheckBuffer(Verification& v, const Access& access);

}  // namespace ebpf::verifier
