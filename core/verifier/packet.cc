// SPDX-License-Identifier: MIT
//
// A pointer into a packet is data + V + offset: V a number (RegState::value),
// one for all pointers with the same id, 0 for those with id 0; offset a
// constant. `memory_size` is the range: that many bytes from data + V on lie in
// the packet. What precedes the data (kPacketMeta, from data_meta to data) is
// a packet of its own, which ends where data begins.
#include "core/verifier/packet.h"

#include "core/helpers/prototype.h"
#include "core/verifier/arena.h"
#include "core/verifier/structure.h"

namespace ebpf::verifier {
namespace {

constexpr uint16_t kEndFlags = kRegAtPacketEnd | kRegBeyondPacketEnd;

/// Where the packet's data begins, exactly.
bool IsPacketStart(const RegState& reg) {
  return reg.type == RegType::kPacket && reg.id == 0 && reg.offset == 0 &&
         reg.value.IsConstant() && reg.value.bits.value == 0;
}

/// Whether `end` is where what `reg` points into ends.
bool IsEndOf(const RegState& end, const RegState& reg) {
  return (reg.type == RegType::kPacket && end.type == RegType::kPacketEnd) ||
         (reg.type == RegType::kPacketMeta && IsPacketStart(end));
}

/// `reg` is not behind the end; `before` it, even.
void RaiseRange(Verification& v, const RegState& reg, bool before) {
  if (reg.offset < 0 || (reg.offset == 0 && before)) {
    return;
  }
  // Beyond that, the sum of address and offset might have wrapped around.
  const uint64_t offset = static_cast<uint64_t>(reg.offset);
  const uint64_t umax = reg.value.wide.umax;
  if (umax > kMaxPacketOffset || umax + offset > kMaxPacketOffset) {
    return;
  }
  const uint32_t range = static_cast<uint32_t>(offset) + (before ? 1 : 0);
  const RegType type = reg.type;
  const uint32_t id = reg.id;
  ForEachReg(*v.state, [&](RegState& other) {
    if (other.type == type && other.id == id && other.memory_size < range) {
      other.memory_size = range;
      other.flags = static_cast<uint16_t>(other.flags & ~kEndFlags);
    }
  });
}

/// `reg` is at the end or behind it.
void MarkEnd(RegState& reg, bool behind) {
  reg.memory_size = 0;
  reg.flags =
      static_cast<uint16_t>((reg.flags & ~kEndFlags) |
                            (behind ? kRegBeyondPacketEnd : kRegAtPacketEnd));
}

}  // namespace

bool MayAccessPacket(const Verification& v, bool write) {
  const auto may_access = v.options.type->may_access_packet;
  return may_access != nullptr && may_access(write, v.options.attach_type);
}

Status CheckPacket(Verification& v, const Access& access, bool zero_size_ok) {
  const RegState& reg = v.state->reg(access.base);
  const unsigned name = access.base;
  if (static_cast<int64_t>(reg.value.wide.smin) < 0) {
    return v.Reject(Message::kNegativeMinimum, name);
  }
  const int64_t offset = int64_t{reg.offset} + access.offset;
  const bool sized = access.size > 0 || zero_size_ok;
  if (!reg.Has(kEndFlags) && sized && offset >= 0 &&
      offset + access.size <= int64_t{reg.memory_size}) {
    return Status::kOk;
  }
  if (reg.Has(kEndFlags)) {
    return v.Reject(Message::kBehindPacket, name);
  }
  return v.Reject(Message::kOutsidePacket, offset, access.size, name, reg.id,
                  offset, reg.memory_size, name);
}

void MovePacketPointer(Verification& v, RegState& moved, const RegState& number,
                       bool subtracts) {
  moved.id = v.NewId();
  // Nearer to the start of the packet, the range that was there is there.
  const bool backward =
      subtracts && static_cast<int64_t>(number.value.wide.smin) >= 0;
  if (!backward) {
    moved.memory_size = 0;
  }
}

void ForgetPackets(State& state) {
  ForEachReg(state, [](RegState& reg) {
    const bool slice = reg.type == RegType::kMemory &&
                       reg.Has(kRegDynptrPacket | kRegDynptrXdp);
    if (PointsToPacket(reg) || slice) {
      reg = RegState::UnknownScalar();
    }
  });
}

namespace {

/// Whether the program calls functions of the kernel, of which some give
/// dynptrs of packets.
bool CallsKernel(const Verification& v) {
  for (uint32_t i = 0; i < v.insns.size(); ++i) {
    isa::DecodedInsn insn;
    if (DecodeAt(v, i, insn) && insn.op == isa::Op::kCallKernel) {
      return true;
    }
  }
  return false;
}

/// Whether the helper may. Writes to a dynptr do if it is a packet's, which a
/// global function is not told.
bool MayMovePacket(uint32_t number, bool has_packet_dynptrs) {
  const HelperPrototype* helper = FindHelper(number);
  return number == helper_id::tail_call ||
         (number == helper_id::dynptr_write && has_packet_dynptrs) ||
         (helper != nullptr && helper->moves_packet);
}

}  // namespace

void FindPacketMovers(Verification& v) {
  const bool has_packet_dynptrs = CallsKernel(v);
  for (uint32_t i = 0; i < v.insns.size(); ++i) {
    isa::DecodedInsn insn;
    if (DecodeAt(v, i, insn) && insn.op == isa::Op::kCallHelper &&
        MayMovePacket(static_cast<uint32_t>(insn.imm), has_packet_dynptrs)) {
      v.subprograms[SubprogramOf(v, i)].moves_packet = true;
    }
  }
  const uint32_t count = static_cast<uint32_t>(v.subprograms.size());
  bool news = true;
  while (news) {  // each round but the last marks one more function, at least
    news = false;
    v.graph[0].ForEach(count, [&](uint32_t caller, uint32_t callee) {
      bool& moves = v.subprograms[caller].moves_packet;
      news = news || (!moves && v.subprograms[callee].moves_packet);
      moves = moves || v.subprograms[callee].moves_packet;
    });
  }
}

bool AlwaysHolds(Comparison comparison, const RegState& first,
                 const RegState& second) {
  if (!IsEndOf(first, second)) {
    return false;
  }
  return (comparison == Comparison::kLess && second.Has(kRegBeyondPacketEnd)) ||
         (comparison == Comparison::kLessOrEqual && second.Has(kEndFlags));
}

void LearnOfPacket(Verification& v, Comparison comparison, RegState& first,
                   RegState& second) {
  const bool less = comparison == Comparison::kLess;
  if (!less && comparison != Comparison::kLessOrEqual) {
    return;
  }
  if (IsEndOf(second, first)) {
    RaiseRange(v, first, less);
  } else if (IsEndOf(first, second) && second.type == RegType::kPacket) {
    MarkEnd(second, less);
  }
}

}  // namespace ebpf::verifier
