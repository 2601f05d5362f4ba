// SPDX-License-Identifier: MIT
//
// A pointer may be moved by bounded numbers, so far that no sum can wrap; all
// else is refused, with Linux's reasons, or gives a plain number.
#include "core/verifier/pointer_alu.h"

#include "core/verifier/packet.h"
#include "core/verifier/scalar_alu.h"

namespace ebpf::verifier {
namespace {

using isa::DecodedInsn;
using isa::Operation;

const char* Symbol(Operation operation) {
  switch (operation) {
    case Operation::kAdd:
      return "+=";
    case Operation::kSub:
      return "-=";
    case Operation::kMul:
      return "*=";
    case Operation::kDiv:
    case Operation::kSDiv:
      return "/=";
    case Operation::kOr:
      return "|=";
    case Operation::kAnd:
      return "&=";
    case Operation::kLsh:
      return "<<=";
    case Operation::kRsh:
      return ">>=";
    case Operation::kMod:
    case Operation::kSMod:
      return "%=";
    case Operation::kXor:
      return "^=";
    default:
      return "s>>=";
  }
}

/// Whether a pointer like `reg` that is moved by `number` stays far from where
/// addresses wrap around.
Status CheckSane(Verification& v, const RegState& pointer,
                 const RegState& reg) {
  const int64_t smin = static_cast<int64_t>(reg.value.wide.smin);
  const TypeName name(pointer);
  if (reg.value.IsConstant() && (smin >= kMaxOffset || smin <= -kMaxOffset)) {
    return v.Reject(Message::kPointerPlusConstant, name, smin);
  }
  if (reg.IsPointer() &&
      (reg.offset >= kMaxOffset || reg.offset <= -kMaxOffset)) {
    return v.Reject(Message::kPointerOffset, name, int{reg.offset});
  }
  if (smin == INT64_MIN) {
    return v.Reject(Message::kPointerPlusUnbounded, name);
  }
  if (smin >= kMaxOffset || smin <= -kMaxOffset) {
    return v.Reject(Message::kPointerOutOfBounds, smin, name);
  }
  return Status::kOk;
}

/// Whether `number` may be added to such pointers, or subtracted.
bool MayMove(const RegState& pointer, const RegState& number, bool adds) {
  switch (pointer.type) {
    case RegType::kFlowKeys:
      return number.IsConstant();
    case RegType::kMapPointer:
      return adds && number.IsNull();
    case RegType::kPacketEnd:
    case RegType::kSocket:
    case RegType::kSockCommon:
    case RegType::kTcpSock:
    case RegType::kXdpSock:
    case RegType::kArena:
    case RegType::kIterator:
      return false;
    default:
      return true;
  }
}

Status CheckMovable(Verification& v, const DecodedInsn& insn,
                    const RegState& pointer, const RegState& number) {
  const Operation operation = insn.info().operation;
  if (pointer.maybe_null) {
    return v.Reject(Message::kPointerMayBeNull, unsigned{insn.dst},
                    TypeName(pointer));
  }
  if (!MayMove(pointer, number, operation == Operation::kAdd)) {
    return v.Reject(Message::kPointerArithmetic, unsigned{insn.dst},
                    TypeName(pointer));
  }
  EBPF_TRY(CheckSane(v, pointer, number));
  return CheckSane(v, pointer, pointer);
}

/// `moved` is `pointer` plus or less `number`.
void Move(Verification& v, RegState& moved, const RegState& pointer,
          const RegState& number, bool subtracts) {
  const bool into_packet = PointsIntoPacket(pointer);
  if (into_packet && !number.IsNull()) {
    // Where the packet ends was told of the pointer before.
    moved.flags = static_cast<uint16_t>(
        moved.flags & ~(kRegAtPacketEnd | kRegBeyondPacketEnd));
  }
  if (number.value.IsConstant()) {
    // Both are below kMaxOffset; whether the sum is, is checked next.
    const int64_t by = static_cast<int64_t>(number.value.bits.value);
    moved.offset += static_cast<int32_t>(subtracts ? -by : by);
    return;
  }
  moved.value = subtracts ? Apply(SubOperation(), pointer.value, number.value)
                          : Apply(AddOperation(), pointer.value, number.value);
  if (into_packet) {
    MovePacketPointer(v, moved, number, subtracts);
  }
}

Status MovePointer(Verification& v, const DecodedInsn& insn,
                   const RegState& pointer, const RegState& number) {
  RegState& dst = v.state->reg(insn.dst);
  const unsigned name = insn.dst;
  const bool subtracts = insn.info().operation == Operation::kSub;
  if (insn.info().width != 64) {
    if (subtracts) {
      dst = RegState::Scalar(ZeroExtend(ScalarValue::Unknown(), 32));
      return Status::kOk;
    }
    return v.Reject(Message::kPointerIn32Bits, name);
  }
  EBPF_TRY(CheckMovable(v, insn, pointer, number));
  switch (insn.info().operation) {
    case Operation::kAdd:
      break;
    case Operation::kSub:
      if (!dst.IsPointer()) {
        return v.Reject(Message::kPointerFromScalar, name);
      }
      if (pointer.type == RegType::kStack) {
        return v.Reject(Message::kStackPointerSubtraction, name);
      }
      break;
    case Operation::kAnd:
    case Operation::kOr:
    case Operation::kXor:
      return v.Reject(Message::kPointerBitwise, name,
                      Symbol(insn.info().operation));
    default:
      return v.Reject(Message::kPointerOperator, name,
                      Symbol(insn.info().operation));
  }
  RegState moved = pointer;
  Move(v, moved, pointer, number, subtracts);
  EBPF_TRY(CheckSane(v, pointer, moved));
  dst = moved;
  return Status::kOk;
}

}  // namespace

Status StepPointerAlu(Verification& v, const DecodedInsn& insn,
                      const RegState& source) {
  // A copy: dst may be the one that is moved, and the one that is written.
  const RegState dst = v.state->reg(insn.dst);
  if (!dst.IsPointer()) {
    return MovePointer(v, insn, source, dst);
  }
  if (!source.IsPointer()) {
    return MovePointer(v, insn, dst, source);
  }
  if (insn.info().operation == Operation::kSub) {
    // A distance, or nonsense: a number in any case.
    v.state->reg(insn.dst) = RegState::Scalar(
        insn.info().width == 64 ? ScalarValue::Unknown()
                                : ZeroExtend(ScalarValue::Unknown(), 32));
    return Status::kOk;
  }
  return v.Reject(Message::kPointerWithPointer, unsigned{insn.dst},
                  Symbol(insn.info().operation));
}

}  // namespace ebpf::verifier
