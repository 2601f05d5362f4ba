// SPDX-License-Identifier: MIT
//
// core/interpreter/fusion.h's implementation. What is fused is what compilers
// make of common things: a copy and an operation on it (most machines have
// three operands), an address and a load, the end of a loop, a rotation, a copy
// of memory.
#include "core/interpreter/fusion.h"

#include "core/interpreter/survey.h"

namespace ebpf::interpreter {
namespace {

using isa::DecodedInsn;
using isa::Family;
using isa::Op;
using isa::Operation;

/// Whether `insn` copies a register's 64 bits, or its low half.
bool IsCopy(const DecodedInsn& insn) {
  return insn.op == Op::kMov64Reg || insn.op == Op::kMov32Reg;
}

/// Whether `insn` has an lhs: arithmetic that is no move.
bool HasLhs(const DecodedInsn& insn) {
  if (insn.info().family != Family::kAlu) {
    return false;
  }
  switch (insn.info().operation) {
    case Operation::kMov:
    case Operation::kMovSx8:
    case Operation::kMovSx16:
    case Operation::kMovSx32:
      return false;
    default:
      return true;
  }
}

/// `step` as a sum of 64 or 32 bits (steps.def), or width 0.
struct Sum {
  unsigned width = 0;
  Step step = {};
};

Sum AsSum(Step step) {
  unsigned width = 64;
  switch (step.op) {
    case StepOp::kAdd32Imm:
      width = 32;
      break;
    case StepOp::kAdd64Imm:
      break;
    case StepOp::kMov32Reg:
    case StepOp::kMov64Reg:
      width = step.op == StepOp::kMov32Reg ? 32 : 64;
      step.offset = step.src();
      step.imm = 0;
      break;
    case StepOp::kMov32Imm:
    case StepOp::kMov64Imm:
      width = step.op == StepOp::kMov32Imm && step.imm < 0 ? 32 : 64;
      step.offset = kZeroRegister;
      break;
    default:
      return {};
  }
  step.op = width == 32 ? StepOp::kAdd32Imm : StepOp::kAdd64Imm;
  return {width, step};
}

/// What a sum of `width` bits and `next` are together, or kHole.
StepOp AfterSum(unsigned sum_width, StepOp next) {
#define EBPF_STEP_SUM_JUMP(width, jump)                \
  if (sum_width == width && next == StepOp::k##jump) { \
    return StepOp::kSum##width##And##jump;             \
  }
#define EBPF_STEP_SUM_LOAD(type)                        \
  if (sum_width == 64 && next == StepOp::kLoad##type) { \
    return StepOp::kSumAndLoad##type;                   \
  }
#define EBPF_STEP_SUM_STORE(type)                             \
  if (sum_width == 64 && next == StepOp::kStore##type##Reg) { \
    return StepOp::kSumAndStore##type;                        \
  }
#define EBPF_STEP_SUM_CONTROL(name)                 \
  if (sum_width == 64 && next == StepOp::k##name) { \
    return StepOp::kSumAnd##name;                   \
  }
#include "core/interpreter/steps.def"
  return sum_width == 64 && next == StepOp::kAdd64Reg ? StepOp::kSumAndAdd
                                                      : StepOp::kHole;
}

/// What `first` and a sum of 64 bits are together, or kHole.
StepOp BeforeSum(StepOp first) {
#define EBPF_STEP_LOAD_SUM(type)        \
  if (first == StepOp::kLoad##type) {   \
    return StepOp::kLoad##type##AndSum; \
  }
#define EBPF_STEP_STORE_SUM(type)           \
  if (first == StepOp::kStore##type##Reg) { \
    return StepOp::kStore##type##AndSum;    \
  }
#include "core/interpreter/steps.def"
  return first == StepOp::kAdd64Reg ? StepOp::kAddAndSum : StepOp::kHole;
}

StepOp LoadIndexedOp(Op load) {
#define EBPF_STEP_LOAD_INDEXED(type)   \
  if (load == Op::kLoad##type) {       \
    return StepOp::kLoadIndexed##type; \
  }
#include "core/interpreter/steps.def"
  return StepOp::kHole;
}

StepOp LoadStoreOp(StepOp load, Op store) {
#define EBPF_STEP_LOAD_STORE(type)                                     \
  if (load == StepOp::kLoad##type && store == Op::kStore##type##Reg) { \
    return StepOp::kLoadAndStore##type;                                \
  }
#include "core/interpreter/steps.def"
  return StepOp::kHole;
}

StepOp LoadLoadOp(StepOp first, StepOp second) {
#define EBPF_STEP_LOAD_LOAD(type)                        \
  if (first == StepOp::kLoad##type && second == first) { \
    return StepOp::kLoad##type##Twice;                   \
  }
#include "core/interpreter/steps.def"
  return StepOp::kHole;
}

StepOp ShiftAluOp(StepOp shift, StepOp operation) {
#define EBPF_STEP_SHIFT_ALU(shift_name, operation_name) \
  if (shift == StepOp::k##shift_name##64Imm &&          \
      operation == StepOp::k##operation_name##64Reg) {  \
    return StepOp::k##shift_name##And##operation_name;  \
  }
#include "core/interpreter/steps.def"
  return StepOp::kHole;
}

}  // namespace

Step PlainStep(const DecodedInsn& insn) {
  Step step;
  step.op = StepOpOf(insn.op);
  step.dst = insn.dst;
  step.offset = insn.info().family == Family::kAlu ? insn.dst : insn.offset;
  step.imm = (insn.info().operands & isa::kSrc) != 0 ? insn.src : insn.imm;
  return step;
}

/// Whether the instruction at `index` may join those before it.
bool Fuser::Follows(size_t index, DecodedInsn& insn) const {
  if (!Decode(index, insn)) {
    return false;
  }
  const HelperPrototype* helper =
      insn.op == Op::kCallHelper ? FindHelper(static_cast<uint32_t>(insn.imm))
                                 : nullptr;
  return helper == nullptr || !CallsBack(*helper);
}

bool Fuser::Decode(size_t index, DecodedInsn& insn) const {
  return index < marks_.size() && marks_[index] == kBeginsInsn &&
         !IsHole(program_, index) && !IsProbed(program_, index) &&
         isa::DecodeFixed(program_.insns(), index, insn) ==
             isa::DecodeError::kNone;
}

/// Arithmetic at `index` as one step, with a copy to its lhs before it; how
/// many instructions that are.
uint32_t Fuser::Arithmetic(size_t index, const DecodedInsn& insn,
                           Step& step) const {
  step = PlainStep(insn);
  DecodedInsn next;
  if (!IsCopy(insn) || !Follows(index + 1, next) || !HasLhs(next) ||
      next.dst != insn.dst) {
    return 1;
  }
  // Of a copy of the low half only the low half is used.
  if (insn.op == Op::kMov32Reg && next.info().width != 32) {
    return 1;
  }
  step = PlainStep(next);
  step.offset = insn.src;
  if (next.info().source_is_register && next.src == insn.dst) {
    step.imm = insn.src;
  }
  return 2;
}

bool Fuser::Indexed(const DecodedInsn& next, Group& group) const {
  const Step& add = group.steps[0];
  const StepOp op = LoadIndexedOp(next.op);
  if (add.op != StepOp::kAdd64Reg || op == StepOp::kHole ||
      next.src != add.dst) {
    return false;
  }
  Step load = PlainStep(next);
  load.op = op;
  load.imm = add.lhs() | add.src() << 8 | add.dst << 16;
  group.steps[0] = load;
  ++group.insns;
  return true;
}

bool Fuser::Pair(StepOp op, const Step& first, const Step& second,
                 uint32_t insns, Group& group) const {
  if (op == StepOp::kHole) {
    return false;
  }
  group.steps[0] = first;
  group.steps[0].op = op;
  group.steps[1] = second;
  group.step_count = 2;
  group.insns += insns;
  return true;
}

/// The operation on what `shift` gives, its operands in the order that the step
/// has; kHole if it is none.
StepOp Fuser::ShiftAlu(const Step& shift, Step& operation) const {
  const StepOp op = ShiftAluOp(shift.op, operation.op);
  if (op == StepOp::kHole || operation.src() == shift.dst) {
    return op;
  }
  if (operation.lhs() != shift.dst) {
    return StepOp::kHole;
  }
  operation.offset = operation.src();  // all of them commute
  operation.imm = shift.dst;
  return op;
}

Group Fuser::At(size_t index, const DecodedInsn& insn) const {
  Group group;
  group.insns = Arithmetic(index, insn, group.steps[0]);
  const size_t after = index + group.insns;
  DecodedInsn next;
  if (IsProbed(program_, index) || !Follows(after, next) ||
      Indexed(next, group)) {
    return group;
  }
  const Step first = group.steps[0];
  const Sum sum = AsSum(first);
  Step second;
  const uint32_t insns = Arithmetic(after, next, second);
  const Sum second_sum = AsSum(second);
  if (second_sum.width == 64 &&
      Pair(sum.width == 64 ? StepOp::kSumAndSum : BeforeSum(first.op),
           sum.width == 64 ? sum.step : first, second_sum.step, insns, group)) {
    return group;
  }
  if (sum.width != 0 &&
      Pair(AfterSum(sum.width, second.op), sum.step, second, insns, group)) {
    return group;
  }
  if (second.src() == first.dst &&
      Pair(LoadStoreOp(first.op, next.op), first, second, insns, group)) {
    return group;
  }
  if (Pair(LoadLoadOp(first.op, second.op), first, second, insns, group)) {
    return group;
  }
  const StepOp shift = ShiftAlu(first, second);
  (void)Pair(shift, first, second, insns, group);
  return group;
}

}  // namespace ebpf::interpreter
