// SPDX-License-Identifier: MIT
//
// Arithmetic on numbers; as soon as a pointer takes part, pointer_alu decides.
#include "core/verifier/alu.h"

#include "core/verifier/arena.h"
#include "core/verifier/pointer_alu.h"
#include "core/verifier/scalar_alu.h"

namespace ebpf::verifier {
namespace {

using isa::DecodedInsn;
using isa::Operation;

constexpr uint8_t kWide = 64;

ScalarValue UnknownOf(uint8_t width) {
  return width == kWide ? ScalarValue::Unknown()
                        : ZeroExtend(ScalarValue::Unknown(), width);
}

template <typename F>
ScalarValue ApplyIn(uint8_t width, F operation, const ScalarValue& a,
                    const ScalarValue& b) {
  return width == kWide ? Apply(operation, a, b) : ApplyLow(operation, a, b);
}

/// By an unknown amount, or one that the CPU would cut: anything.
ScalarValue Shift(Operation operation, uint8_t width, const ScalarValue& a,
                  const ScalarValue& count) {
  if (!count.IsConstant() || count.bits.value >= width) {
    return UnknownOf(width);
  }
  const unsigned by = static_cast<unsigned>(count.bits.value);
  switch (operation) {
    case Operation::kLsh:
      return width == kWide ? ShiftLeft(a, by) : ShiftLeftLow(a, by);
    case Operation::kRsh:
      return width == kWide ? ShiftRight(a, by) : ShiftRightLow(a, by);
    default:
      return width == kWide ? ShiftRightSigned(a, by)
                            : ShiftRightSignedLow(a, by);
  }
}

ScalarValue Compute(Operation operation, uint8_t width, const ScalarValue& a,
                    const ScalarValue& b) {
  switch (operation) {
    case Operation::kAdd:
      return ApplyIn(width, AddOperation(), a, b);
    case Operation::kSub:
      return ApplyIn(width, SubOperation(), a, b);
    case Operation::kMul:
      return ApplyIn(width, MulOperation(), a, b);
    case Operation::kAnd:
      return ApplyIn(width, AndOperation(), a, b);
    case Operation::kOr:
      return ApplyIn(width, OrOperation(), a, b);
    case Operation::kXor:
      return ApplyIn(width, XorOperation(), a, b);
    case Operation::kLsh:
    case Operation::kRsh:
    case Operation::kArsh:
      return Shift(operation, width, a, b);
    default:
      return UnknownOf(width);  // divisions, as in Linux
  }
}

void NoteDivisor(Verification& v, const DecodedInsn& insn,
                 const RegState& source) {
  switch (insn.info().operation) {
    case Operation::kDiv:
    case Operation::kSDiv:
    case Operation::kMod:
    case Operation::kSMod:
      break;
    default:
      return;
  }
  const bool zero =
      !source.IsScalar() ||
      (insn.info().width == kWide
           ? source.value.wide.Has(0) && source.value.bits.Has(0)
           : source.value.low.Has(0) && LowHalf(source.value.bits).Has(0));
  v.info().flags |= InsnInfo::kDivisorSeen;
  if (zero) {
    v.info().flags |= InsnInfo::kDivisorZero;
  }
}

/// What a constant is added to still differs from its copies by a constant.
void KeepLink(const DecodedInsn& insn, const RegState& before,
              const RegState& added, RegState& dst) {
  if (insn.info().operation != Operation::kAdd || insn.info().width != kWide ||
      before.id == 0 || !added.IsConstant() || dst.IsConstant()) {
    return;
  }
  const int64_t by = static_cast<int64_t>(added.value.bits.value);
  if (by < INT32_MIN || by > INT32_MAX) {
    return;
  }
  const int64_t offset = before.offset + by;
  if (offset >= INT32_MIN && offset <= INT32_MAX) {
    dst.id = before.id;
    dst.offset = static_cast<int32_t>(offset);
  }
}

unsigned SignWidth(Operation operation) {
  switch (operation) {
    case Operation::kMovSx8:
      return 8;
    case Operation::kMovSx16:
      return 16;
    default:
      return 32;
  }
}

/// Constants that no path may compute with; where none comes they are not
/// looked at, as in Linux.
Status CheckImmediate(Verification& v, const DecodedInsn& insn) {
  const isa::OpInfo& info = insn.info();
  if (info.family != isa::Family::kAlu || info.source_is_register) {
    return Status::kOk;
  }
  switch (info.operation) {
    case Operation::kDiv:
    case Operation::kSDiv:
    case Operation::kMod:
    case Operation::kSMod:
      return insn.imm == 0 ? v.Reject(Message::kDivisionByZero) : Status::kOk;
    case Operation::kLsh:
    case Operation::kRsh:
    case Operation::kArsh:
      return insn.imm < 0 || insn.imm >= info.width
                 ? v.Reject(Message::kBadShift, insn.imm)
                 : Status::kOk;
    default:
      return Status::kOk;
  }
}

Status StepMove(Verification& v, const DecodedInsn& insn) {
  const isa::OpInfo& info = insn.info();
  const bool wide = info.width == kWide;
  RegState& dst = v.state->reg(insn.dst);
  if (!info.source_is_register) {
    const uint64_t word = wide ? static_cast<uint64_t>(int64_t{insn.imm})
                               : static_cast<uint32_t>(insn.imm);
    dst = RegState::Constant(word);
    return Status::kOk;
  }
  RegState& src = v.state->reg(insn.src);
  if (IsAddressSpaceCast(insn)) {
    StepAddressSpaceCast(v, insn);
    return Status::kOk;
  }
  if (info.operation == Operation::kMov && wide) {
    LinkCopies(v, src);
    dst = src;
    return Status::kOk;
  }
  if (!src.IsScalar()) {
    // A part of an address is a number; only the unprivileged may not see it.
    dst = RegState::Scalar(UnknownOf(info.width));
    return Status::kOk;
  }
  if (info.operation == Operation::kMov) {
    LinkCopies(v, src);
    dst = Truncated(src, 4);
    return Status::kOk;
  }
  const unsigned width = SignWidth(info.operation);
  dst = RegState::Scalar(wide ? SignExtend(src.value, width)
                              : SignExtendLow(src.value, width));
  return Status::kOk;
}

Status StepUnary(Verification& v, const DecodedInsn& insn) {
  RegState& dst = v.state->reg(insn.dst);
  const isa::OpInfo& info = insn.info();
  if (info.family == isa::Family::kNegate && dst.IsScalar()) {
    dst = RegState::Scalar(ApplyIn(info.width, SubOperation(),
                                   ScalarValue::Constant(0), dst.value));
    return Status::kOk;
  }
  ScalarValue result = UnknownOf(info.width);
  if (dst.IsScalar()) {
    // Little-endian is what the machine is: the bytes stay where they are.
    const Tnum<uint64_t> kept =
        dst.value.bits & Tnum<uint64_t>::Constant(result.bits.mask);
    result.bits = info.operation == Operation::kToLe
                      ? kept
                      : ByteSwapped(dst.value.bits, info.width);
    result = Sync(result);
  }
  dst = RegState::Scalar(result);
  return Status::kOk;
}

}  // namespace

void LinkCopies(Verification& v, RegState& reg) {
  if (reg.IsScalar() && !reg.value.IsConstant() && reg.id == 0) {
    reg.id = v.NewId();
  }
}

RegState Truncated(const RegState& reg, uint32_t bytes) {
  const unsigned width = bytes * 8;
  RegState result = RegState::Scalar(ZeroExtend(reg.value, width));
  if (reg.value.wide.umax >> width == 0) {
    result.value = reg.value;
    result.id = reg.id;
    result.offset = reg.offset;
  }
  return result;
}

Status StepAlu(Verification& v, const DecodedInsn& insn) {
  const isa::OpInfo& info = insn.info();
  if ((info.operands & isa::kSrc) != 0) {
    EBPF_TRY(CheckReadable(v, insn.src));
  }
  const bool moves = info.operation == Operation::kMov ||
                     info.operation == Operation::kMovSx8 ||
                     info.operation == Operation::kMovSx16 ||
                     info.operation == Operation::kMovSx32;
  if (!moves) {
    EBPF_TRY(CheckReadable(v, insn.dst));
  }
  EBPF_TRY(CheckImmediate(v, insn));
  EBPF_TRY(CheckWritable(v, insn.dst));
  if (moves) {
    return StepMove(v, insn);
  }
  if (info.family != isa::Family::kAlu) {
    return StepUnary(v, insn);
  }
  RegState& dst = v.state->reg(insn.dst);
  const RegState source =
      info.source_is_register
          ? v.state->reg(insn.src)
          : RegState::Constant(static_cast<uint64_t>(int64_t{insn.imm}));
  NoteDivisor(v, insn, source);
  if (dst.type == RegType::kArena) {
    return Status::kOk;  // wherever it points to
  }
  if (dst.IsPointer() || source.IsPointer()) {
    return StepPointerAlu(v, insn, source);
  }
  const RegState before = dst;
  dst = RegState::Scalar(
      Compute(info.operation, info.width, dst.value, source.value));
  KeepLink(insn, before, source, dst);
  return Status::kOk;
}

}  // namespace ebpf::verifier
