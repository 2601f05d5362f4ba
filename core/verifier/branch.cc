// SPDX-License-Identifier: MIT
//
// All comparisons are brought to those of scalar_compare. A pointer is compared
// with 0 only: that tells whether a helper gave one.
#include "core/verifier/branch.h"

#include "core/verifier/exploration.h"
#include "core/verifier/references.h"
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
             ? AlwaysHolds(condition.comparison, a.Wide(), b.Wide())
             : AlwaysHolds(condition.comparison, a.Low(), b.Low());
}

/// Whether `insn` compares all of dst, a pointer, with 0 for (in)equality.
bool IsNullCheck(const DecodedInsn& insn, const RegState& dst,
                 const RegState& source) {
  const Operation operation = insn.info().operation;
  return (operation == Operation::kEq || operation == Operation::kNe) &&
         insn.info().width == 64 && dst.IsPointer() && source.IsNull();
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
  if (IsNullCheck(insn, dst, source) && IsKnownNotNull(dst)) {
    return insn.info().operation == Operation::kNe ? Sides::kTaken
                                                   : Sides::kNotTaken;
  }
  return Sides::kBoth;
}

/// Gives `reg` and all its copies what was learnt.
void Learn(Verification& v, RegState& reg, const ScalarValue& value) {
  reg.value = value;
  const uint32_t id = reg.id;
  if (id == 0) {
    return;
  }
  ForEachReg(*v.state, [&](RegState& other) {
    if (other.IsScalar() && other.id == id) {
      other.value = value;
    }
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

/// All copies of the pointer `id` are null, or none is.
void ResolveNull(Verification& v, uint32_t id, bool is_null) {
  uint32_t reference = 0;
  ForEachReg(*v.state, [&](RegState& reg) {
    if (!reg.IsPointer() || !reg.maybe_null || reg.id != id) {
      return;
    }
    if (is_null) {
      reference = reg.reference;
      reg = RegState::Constant(0);
    } else {
      reg.maybe_null = false;
      reg.id = 0;
    }
  });
  if (reference != 0) {
    ForgetReference(*v.state, reference);  // there was none
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
