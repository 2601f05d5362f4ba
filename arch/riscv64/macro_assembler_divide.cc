// SPDX-License-Identifier: MIT
//
// RISC-V's macro assembler: division, and the multiplication in its place.
#include "arch/riscv64/macro_assembler.h"

namespace ebpf::riscv64 {

void MacroAssembler::Divide(Operation op, unsigned width, Reg dst, Reg lhs,
                            Reg rhs, bool non_zero) {
  struct Insns {
    uint32_t wide;
    uint32_t word;
  };
  Insns insns = {encode::kDivu, encode::kDivuw};
  if (op == Operation::kSDiv) {
    insns = {encode::kDiv, encode::kDivw};
  } else if (op == Operation::kMod) {
    insns = {encode::kRemu, encode::kRemuw};
  } else if (op == Operation::kSMod) {
    insns = {encode::kRem, encode::kRemw};
  }
  const bool is_division = op == Operation::kDiv || op == Operation::kSDiv;
  const bool is_signed = op == Operation::kSDiv || op == Operation::kSMod;
  Known known = width == 64 ? kNothing : kSigns;
  // Of words with zeros the quotient and the remainder have zeros.
  if (width == 32 && !is_signed && HasZeros(lhs) && HasZeros(rhs)) {
    known = kZeros;
  }
  const uint32_t insn = known == kSigns ? insns.word : insns.wide;
  const unsigned rs1 = To(lhs);
  const unsigned rs2 = To(rhs);
  if (non_zero || !is_division) {
    // x % 0 = x here as there.
    emit_.Regs(insn, To(dst), rs1, rs2);
  } else {
    // x / 0 has all bits set here.
    unsigned divisor = rs2;
    if (width == 32 && KnownOf(rhs) == kNothing) {
      divisor = kScratch2;
      emit_.AddImmW(divisor, rs2, 0);
    }
    const unsigned rd = dst == rhs && divisor == rs2 ? kScratch : To(dst);
    emit_.Regs(insn, rd, rs1, rs2);
    SkipNextUnlessZero(divisor);
    emit_.Constant32(rd, 0);
    emit_.Move(To(dst), rd);
  }
  if (width == 64) {
    Set(dst, kNothing);
  } else {
    FinishWord(dst, known);
  }
}

/// The next instruction is compressed.
void MacroAssembler::SkipNextUnlessZero(unsigned rs) {
  if (encode::IsShort(rs)) {
    emit_.Half(encode::ShortBranch(true, rs, 4));
  } else {
    emit_.Word(encode::Branch(encode::kBne, rs, encode::kZero, 6));
  }
}

void MacroAssembler::MultiplyHigh(Reg dst, Reg lhs, Reg rhs) {
  emit_.Regs(encode::kMulhu, To(dst), To(lhs), To(rhs));
  Set(dst, HasZeros(lhs) || HasZeros(rhs) ? kZeros : kNothing);
}

}  // namespace ebpf::riscv64
