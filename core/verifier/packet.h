// SPDX-License-Identifier: MIT
//
// Packets: pointers into them are good for the bytes that were compared with
// where the packet ends.
#pragma once

#include "core/verifier/memory_access.h"
#include "core/verifier/scalar_compare.h"

namespace ebpf::verifier {

/// Linux's MAX_PACKET_OFF: no packet is longer.
inline constexpr uint64_t kMaxPacketOffset = 0xffff;

inline bool PointsIntoPacket(const RegState& reg) {
  return reg.type == RegType::kPacket || reg.type == RegType::kPacketMeta;
}
/// ... or to its end.
inline bool PointsToPacket(const RegState& reg) {
  return PointsIntoPacket(reg) || reg.type == RegType::kPacketEnd;
}

/// Whether programs of this type have packets, and may write them.
bool MayAccessPacket(const Verification& v, bool write);

/// Whether the bytes were compared with the end of the packet that register
/// `access.base` points into. With `zero_size_ok` no bytes are some, too.
Status CheckPacket(Verification& v, const Access& access, bool zero_size_ok);

/// `moved`, a pointer into a packet, has had `number` added or subtracted,
/// which is not constant.
void MovePacketPointer(Verification& v, RegState& moved, const RegState& number,
                       bool subtracts);

/// The packet moved: no pointer into it is one any more.
void ForgetPackets(State& state);

/// Fills in Subprogram::moves_packet. After FindCalls.
void FindPacketMovers(Verification& v);

/// Whether `first` compares so with `second` on all paths here.
bool AlwaysHolds(Comparison comparison, const RegState& first,
                 const RegState& second);

/// It holds: gives all pointers with the variable part of the one that was
/// compared with the end what was learnt of it. `first` and `second` are
/// registers of `v.state`.
void LearnOfPacket(Verification& v, Comparison comparison, RegState& first,
                   RegState& second);

}  // namespace ebpf::verifier
