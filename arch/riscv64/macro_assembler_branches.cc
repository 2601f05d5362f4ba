// SPDX-License-Identifier: MIT
//
// RISC-V's macro assembler: conditions and jumps.
#include "arch/riscv64/macro_assembler.h"
#include "core/base/bits.h"

namespace ebpf::riscv64 {

using isa::Operation;

namespace {

/// A condition as the CPU has it, of both operands the other way round or not.
struct Comparison {
  encode::Condition condition;
  bool swaps;
};

Comparison ComparisonOf(Operation op) {
  switch (op) {
    case Operation::kEq:
      return {encode::kBeq, false};
    case Operation::kNe:
      return {encode::kBne, false};
    case Operation::kGt:
      return {encode::kBltu, true};
    case Operation::kGe:
      return {encode::kBgeu, false};
    case Operation::kLt:
      return {encode::kBltu, false};
    case Operation::kLe:
      return {encode::kBgeu, true};
    case Operation::kSGt:
      return {encode::kBlt, true};
    case Operation::kSGe:
      return {encode::kBge, false};
    case Operation::kSLt:
      return {encode::kBlt, false};
    default:
      return {encode::kBge, true};
  }
}

bool IsEquality(Operation op) {
  return op == Operation::kEq || op == Operation::kNe;
}

bool IsSigned(Operation op) {
  return op == Operation::kSGt || op == Operation::kSGe ||
         op == Operation::kSLt || op == Operation::kSLe;
}

/// Instructions that load `imm`.
unsigned CostOf(int64_t imm) {
  if (imm == 0) {
    return 0;
  }
  return encode::Fits(imm, 12) || (imm & 0xfff) == 0 ? 1 : 2;
}

/// The same condition with the neighbour of `imm`, if that is cheaper.
void PreferCheapConstant(Operation& op, int64_t& imm) {
  Operation other = op;
  int64_t step = 0;
  switch (op) {
    case Operation::kGt:
      other = Operation::kGe;
      step = imm == -1 ? 0 : 1;
      break;
    case Operation::kLe:
      other = Operation::kLt;
      step = imm == -1 ? 0 : 1;
      break;
    case Operation::kGe:
      other = Operation::kGt;
      step = imm == 0 ? 0 : -1;
      break;
    case Operation::kLt:
      other = Operation::kLe;
      step = imm == 0 ? 0 : -1;
      break;
    case Operation::kSGt:
      other = Operation::kSGe;
      step = 1;
      break;
    case Operation::kSLe:
      other = Operation::kSLt;
      step = 1;
      break;
    case Operation::kSGe:
      other = Operation::kSGt;
      step = -1;
      break;
    case Operation::kSLt:
      other = Operation::kSLe;
      step = -1;
      break;
    default:
      return;
  }
  if (step != 0 && encode::Fits(imm + step, 32) &&
      CostOf(imm + step) < CostOf(imm)) {
    op = other;
    imm += step;
  }
}

}  // namespace

uint8_t MacroAssembler::EmitFarBranch(uint32_t condition, unsigned rs1,
                                      unsigned rs2, int64_t distance) {
  const bool near = Reaches(distance, 4, 21);
  const int64_t over = near ? 4 : 8;
  if (condition <= encode::kBne && rs2 == encode::kZero &&
      encode::IsShort(rs1)) {
    emit_.Half(encode::ShortBranch(condition == encode::kBeq, rs1, 2 + over));
  } else {
    emit_.Word(encode::Branch(condition ^ 1, rs1, rs2, 4 + over));
  }
  return EmitLongJump(encode::kZero, distance);
}

uint8_t MacroAssembler::EmitLongJump(unsigned link, int64_t distance) {
  if (Reaches(distance, 4, 21)) {
    emit_.Word(encode::Jal(link, 0));
    return kJal;
  }
  // RA is the link register that return predictors know.
  const unsigned scratch = link == encode::kZero ? kScratchAddress : link;
  emit_.Word(encode::Auipc(scratch, 0));
  emit_.Imm(encode::kJalr, link, scratch, 0);
  return kFar;
}

uint8_t MacroAssembler::Jump(int64_t distance) {
  if (Reaches(distance, 2, 12)) {
    emit_.Half(encode::CJ(0));
    return kShort;
  }
  return EmitLongJump(encode::kZero, distance);
}

unsigned MacroAssembler::WithSign(Reg reg, unsigned scratch) {
  if (HasSigns(reg)) {
    return To(reg);
  }
  if (!UpperIsRead(reg)) {
    emit_.AddImmW(To(reg), To(reg), 0);
    Set(reg, kSigns);
    return To(reg);
  }
  emit_.AddImmW(scratch, To(reg), 0);
  return scratch;
}

uint8_t MacroAssembler::Branch(Operation op, unsigned width, Reg lhs,
                               Operand rhs, int64_t distance) {
  if (op == Operation::kSet) {
    return BranchIfSet(width, lhs, rhs, distance);
  }
  if (rhs.is_imm()) {
    return BranchImm(op, width, lhs, rhs.imm, distance);
  }
  unsigned rs1 = To(lhs);
  unsigned rs2 = To(rhs.reg);
  const Known both = Intersect(KnownOf(lhs), KnownOf(rhs.reg));
  const bool comparable = width == 64 || (both & kSigns) != 0 ||
                          ((both & kZeros) != 0 && !IsSigned(op));
  if (!comparable) {
    if (IsEquality(op) && !HasSigns(lhs) && !HasSigns(rhs.reg)) {
      emit_.Regs(encode::kSubw, kScratch, rs1, rs2);
      return EmitBranch(ComparisonOf(op).condition, kScratch, encode::kZero,
                        distance);
    }
    rs1 = WithSign(lhs, kScratch);
    rs2 = WithSign(rhs.reg, kScratch2);
  }
  const Comparison comparison = ComparisonOf(op);
  return comparison.swaps
             ? EmitBranch(comparison.condition, rs2, rs1, distance)
             : EmitBranch(comparison.condition, rs1, rs2, distance);
}

uint8_t MacroAssembler::BranchImm(Operation op, unsigned width, Reg lhs,
                                  int64_t imm, int64_t distance) {
  unsigned rs = To(lhs);
  const bool comparable = width == 64 || HasSigns(lhs) ||
                          (HasZeros(lhs) && imm >= 0 && !IsSigned(op));
  if (!comparable) {
    if (IsEquality(op) && imm != 0 && encode::Fits(-imm, 12)) {
      emit_.Imm(encode::kAddiw, kScratch, rs, -imm);
      return EmitBranch(ComparisonOf(op).condition, kScratch, encode::kZero,
                        distance);
    }
    rs = WithSign(lhs, kScratch);
  }
  PreferCheapConstant(op, imm);
  if (imm == 0 && (op == Operation::kGt || op == Operation::kLe)) {
    op = op == Operation::kGt ? Operation::kNe : Operation::kEq;
  }
  unsigned constant = encode::kZero;
  if (imm != 0) {
    constant = ConstantIn(imm);
  }
  const Comparison comparison = ComparisonOf(op);
  return comparison.swaps
             ? EmitBranch(comparison.condition, constant, rs, distance)
             : EmitBranch(comparison.condition, rs, constant, distance);
}

uint8_t MacroAssembler::BranchIfSet(unsigned width, Reg lhs, Operand rhs,
                                    int64_t distance) {
  if (rhs.is_imm()) {
    return BranchIfSetImm(width, lhs, rhs.imm, distance);
  }
  emit_.And(kScratch, To(lhs), To(rhs.reg));
  const bool is_word = HasZeros(lhs) || HasZeros(rhs.reg) ||
                       (HasSigns(lhs) && HasSigns(rhs.reg));
  if (width == 32 && !is_word) {
    emit_.AddImmW(kScratch, kScratch, 0);
  }
  return EmitBranch(encode::kBne, kScratch, encode::kZero, distance);
}

uint8_t MacroAssembler::BranchIfSetImm(unsigned width, Reg lhs, int64_t imm,
                                       int64_t distance) {
  const unsigned rs = To(lhs);
  const bool upper_matters = width == 32 && imm < 0 && KnownOf(lhs) == kNothing;
  if (width == 32 && imm == INT32_MIN) {
    return EmitBranch(encode::kBlt, WithSign(lhs, kScratch), encode::kZero,
                      distance);
  }
  if (encode::Fits(imm, 12)) {
    emit_.AndImm(kScratch, rs, imm);
  } else if (imm > 0 && (imm & (imm - 1)) == 0) {
    // The bit becomes the sign.
    emit_.ShiftLeft(kScratch, rs,
                    CountLeadingZeros(static_cast<uint64_t>(imm)));
    return EmitBranch(encode::kBlt, kScratch, encode::kZero, distance);
  } else {
    emit_.And(kScratch, rs, ConstantIn(imm));
  }
  if (upper_matters) {
    emit_.AddImmW(kScratch, kScratch, 0);
  }
  return EmitBranch(encode::kBne, kScratch, encode::kZero, distance);
}

}  // namespace ebpf::riscv64
