// SPDX-License-Identifier: MIT
//
// All comparisons are brought to those of scalar_compare. A pointer is compared
// with 0, which tells whether there is one; with a pointer that there is; or,
// in a packet, with the packet's end.
#include "core/verifier/branch.h"

#include "core/verifier/exploration.h"
#include "core/verifier/packet.h"
#include "core/verifier/references.h"
#include "core/verifier/scalar_alu.h"
#include "core/verifier/scalar_compare.h"
#include "core/verifier/structure.h"

namespace ebpf::verifier {
namespace {

using isa::DecodedInsn;
using isa::Operation;

/// `comparison` of dst with the source, or the other way round.
struct Condition {
  Comparison comparison;
  bool exchanged;
};

Condition ConditionOf(Operation operation) {
  switch (operation) {
    case Operation::kEq:
      return {Comparison::kEqual, false};
    case Operation::kNe:
      return {Comparison::kNotEqual, false};
    case Operation::kLt:
      return {Comparison::kLess, false};
    case Operation::kLe:
      return {Comparison::kLessOrEqual, false};
    case Operation::kGt:
      return {Comparison::kLess, true};
    case Operation::kGe:
      return {Comparison::kLessOrEqual, true};
    case Operation::kSLt:
      return {Comparison::kSignedLess, false};
    case Operation::kSLe:
      return {Comparison::kSignedLessOrEqual, false};
    case Operation::kSGt:
      return {Comparison::kSignedLess, true};
    case Operation::kSGe:
      return {Comparison::kSignedLessOrEqual, true};
    default:
      return {Comparison::kSharesBits, false};
  }
}

/// The same for the side that is taken, or not.
Condition ConditionOf(Operation operation, bool taken) {
  Condition condition = ConditionOf(operation);
  if (!taken) {
    bool exchanged = false;
    condition.comparison = Negation(condition.comparison, exchanged);
    condition.exchanged = condition.exchanged != exchanged;
  }
  return condition;
}

RegState SourceOf(Verification& v, const DecodedInsn& insn) {
  return insn.info().source_is_register
             ? v.state->reg(insn.src)
             : RegState::Constant(static_cast<uint64_t>(int64_t{insn.imm}));
}

bool AlwaysEntered(const DecodedInsn& insn, bool taken, const ScalarValue& dst,
                   const ScalarValue& source) {
  const Condition condition = ConditionOf(insn.info().operation, taken);
  const ScalarValue& a = condition.exchanged ? source : dst;
  const ScalarValue& b = condition.exchanged ? dst : source;
  return insn.info().width == 64
             ? AlwaysHoldsWide(condition.comparison, a, b)
             : AlwaysHolds(condition.comparison, a.Low(), b.Low());
}

/// Whether `insn` compares all of dst, a pointer, with 0 for (in)equality.
bool IsNullCheck(const DecodedInsn& insn, const RegState& dst,
                 const RegState& source) {
  const Operation operation = insn.info().operation;
  return (operation == Operation::kEq || operation == Operation::kNe) &&
         insn.info().width == 64 && dst.IsPointer() && source.IsNull();
}

/// Whether two pointers to packets, or their ends, are compared.
bool ComparesPackets(const DecodedInsn& insn, const RegState& dst,
                     const RegState& source) {
  return insn.info().source_is_register && insn.info().width == 64 &&
         PointsToPacket(dst) && PointsToPacket(source);
}

/// Whether that comparison takes the side always.
bool PacketSideAlwaysEntered(const DecodedInsn& insn, bool taken,
                             const RegState& dst, const RegState& source) {
  const Condition condition = ConditionOf(insn.info().operation, taken);
  return condition.exchanged ? AlwaysHolds(condition.comparison, source, dst)
                             : AlwaysHolds(condition.comparison, dst, source);
}

/// Whether a pointer that may be null is found equal, or not, to one that is
/// not.
bool ComparesWithPointer(const DecodedInsn& insn, const RegState& dst,
                         const RegState& source) {
  const Operation operation = insn.info().operation;
  const auto is_object = [](const RegState& reg) {
    // Of the kernel's own pointers nobody says that they are not null.
    return reg.IsPointer() && reg.type != RegType::kTyped &&
           reg.type != RegType::kArena && !reg.Has(kRegUntrusted);
  };
  return (operation == Operation::kEq || operation == Operation::kNe) &&
         insn.info().width == 64 && insn.info().source_is_register &&
         is_object(dst) && is_object(source) &&
         dst.maybe_null != source.maybe_null;
}

enum class Sides : uint8_t { kBoth, kTaken, kNotTaken };

/// What dst and the source are on that side, of what they are before.
struct Operands {
  ScalarValue dst;
  ScalarValue source;

  bool IsEmpty() const { return dst.IsEmpty() || source.IsEmpty(); }
};

Operands Refined(const DecodedInsn& insn, bool taken, Operands operands) {
  const Condition condition = ConditionOf(insn.info().operation, taken);
  ScalarValue& first = condition.exchanged ? operands.source : operands.dst;
  ScalarValue& second = condition.exchanged ? operands.dst : operands.source;
  if (insn.info().width == 64) {
    RefineWide(condition.comparison, first, second);
  } else {
    RefineLow(condition.comparison, first, second);
  }
  return operands;
}

Sides PossibleSides(const DecodedInsn& insn, const RegState& dst,
                    const RegState& source) {
  if (dst.IsScalar() && source.IsScalar()) {
    return AlwaysEntered(insn, true, dst.value, source.value) ? Sides::kTaken
           : AlwaysEntered(insn, false, dst.value, source.value)
               ? Sides::kNotTaken
               : Sides::kBoth;
  }
  if (ComparesPackets(insn, dst, source)) {
    return PacketSideAlwaysEntered(insn, true, dst, source) ? Sides::kTaken
           : PacketSideAlwaysEntered(insn, false, dst, source)
               ? Sides::kNotTaken
               : Sides::kBoth;
  }
  if (IsNullCheck(insn, dst, source) && IsKnownNotNull(dst)) {
    return insn.info().operation == Operation::kNe ? Sides::kTaken
                                                   : Sides::kNotTaken;
  }
  return Sides::kBoth;
}

/// Gives `reg`, all its copies and what differs from them by a constant what
/// was learnt.
void Learn(Verification& v, RegState& reg, const ScalarValue& value) {
  reg.value = value;
  const uint32_t id = reg.id;
  if (id == 0) {
    return;
  }
  const int32_t offset = reg.offset;
  ForEachReg(*v.state, [&](RegState& other) {
    if (!other.IsScalar() || other.id != id) {
      return;
    }
    if (other.offset == offset) {
      other.value = value;
      return;
    }
    const int64_t more = int64_t{other.offset} - offset;
    other.value = Apply(AddOperation(), value,
                        ScalarValue::Constant(static_cast<uint64_t>(more)));
  });
}

void RefineNumbers(Verification& v, const DecodedInsn& insn, bool taken) {
  RegState& dst = v.state->reg(insn.dst);
  Operands refined =
      Refined(insn, taken, Operands{dst.value, SourceOf(v, insn).value});
  const bool same = insn.info().source_is_register && insn.src == insn.dst;
  if (same) {
    // A number that is both.
    RefineWide(Comparison::kEqual, refined.dst, refined.source);
  }
  if (refined.IsEmpty()) {
    // Nobody comes here; but that is for the comparison to say, not for the
    // bounds. Walked with what was known before, as Linux does.
    return;
  }
  Learn(v, dst, refined.dst);
  if (insn.info().source_is_register && !same) {
    Learn(v, v.state->reg(insn.src), refined.source);
  }
}

/// `reg` is not null. What some maps have in the place of values becomes what
/// it is.
void MakeNotNull(RegState& reg) {
  reg.maybe_null = false;
  if (reg.type != RegType::kMapValue) {
    // An object of the program's own may have a lock: what tells it apart, if
    // no reference does, stays.
    const bool tells = reg.type == RegType::kTyped && reg.Has(kRegAllocated) &&
                       reg.reference == 0;
    reg.id = tells ? reg.id : 0;
    return;
  }
  const Map& map = *reg.map;
  const MapType kind = map.spec().type;
  if (map.inner() != nullptr) {
    reg.type = RegType::kMapPointer;
    reg.map = map.inner();
    reg.origin = reg.id;
    reg.id = 0;
  } else if (kind == MapType::kXskMap || HoldsSockets(kind)) {
    reg.type = kind == MapType::kXskMap ? RegType::kXdpSock : RegType::kSocket;
    reg.map = nullptr;
    reg.id = 0;
  } else if (map.fields().empty()) {
    reg.id = 0;  // else it tells whose lock is held
  }
}

/// All copies of the pointer `id` are null, or none is.
void ResolveNull(Verification& v, uint32_t id, bool is_null) {
  bool is_taken = false;
  ForEachReg(*v.state, [&](RegState& reg) {
    if (!reg.IsPointer() || !reg.maybe_null || reg.id != id) {
      return;
    }
    if (is_null) {
      // Not of what was made from a reference, as sockets are from sockets.
      is_taken = is_taken || reg.reference == id;
      reg = RegState::Constant(0);
    } else {
      MakeNotNull(reg);
    }
  });
  if (is_taken) {
    ForgetReference(*v.state, id);  // there was none
  }
}

void LearnOfPackets(Verification& v, const DecodedInsn& insn, bool taken) {
  const Condition condition = ConditionOf(insn.info().operation, taken);
  RegState& dst = v.state->reg(insn.dst);
  RegState& source = v.state->reg(insn.src);
  if (condition.exchanged) {
    LearnOfPacket(v, condition.comparison, source, dst);
  } else {
    LearnOfPacket(v, condition.comparison, dst, source);
  }
}

}  // namespace

void EnterSide(Verification& v, const DecodedInsn& insn, bool taken) {
  v.next = taken ? static_cast<uint32_t>(TargetOf(v.index, insn)) : v.index + 1;
  const RegState& dst = v.state->reg(insn.dst);
  const RegState source = SourceOf(v, insn);
  if (dst.IsScalar() && source.IsScalar()) {
    RefineNumbers(v, insn, taken);
  } else if (IsNullCheck(insn, dst, source) && dst.maybe_null) {
    const bool equal = insn.info().operation == Operation::kEq;
    ResolveNull(v, dst.id, equal == taken);
  } else if (ComparesPackets(insn, dst, source)) {
    LearnOfPackets(v, insn, taken);
  } else if (ComparesWithPointer(insn, dst, source)) {
    const bool equal = insn.info().operation == Operation::kEq;
    if (equal == taken) {
      ResolveNull(v, dst.maybe_null ? dst.id : source.id, false);
    }
  }
}

Status StepJump(Verification& v, const DecodedInsn& insn) {
  EBPF_TRY(CheckReadable(v, insn.dst));
  if (insn.info().source_is_register) {
    EBPF_TRY(CheckReadable(v, insn.src));
  }
  switch (PossibleSides(insn, v.state->reg(insn.dst), SourceOf(v, insn))) {
    case Sides::kTaken:
      v.info().flags |= InsnInfo::kJumps;
      v.next = static_cast<uint32_t>(TargetOf(v.index, insn));
      return Status::kOk;
    case Sides::kNotTaken:
      v.info().flags |= InsnInfo::kFallsThrough;
      v.next = v.index + 1;
      return Status::kOk;
    case Sides::kBoth:
      break;
  }
  v.info().flags |= InsnInfo::kJumps | InsnInfo::kFallsThrough;
  EBPF_TRY(KeepForLater(v));
  EnterSide(v, insn, false);
  return Status::kOk;
}

Status StepMayGoto(Verification& v, const DecodedInsn& insn) {
  EBPF_TRY(KeepForLater(v));
  v.next = static_cast<uint32_t>(TargetOf(v.index, insn));
  return Status::kOk;
}

void GoOnBehindMayGoto(Verification& v) {
  ++v.state->current().loops.gotos;
  v.next = v.index + 1;
}

}  // namespace ebpf::verifier
