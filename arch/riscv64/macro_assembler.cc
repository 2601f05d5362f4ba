// SPDX-License-Identifier: MIT
//
// RISC-V's macro assembler: arithmetic.
#include "arch/riscv64/macro_assembler.h"

#include "core/base/bits.h"

namespace ebpf::riscv64 {

namespace {

bool IsPowerOfTwo(int64_t value) {
  return value > 0 && (value & (value - 1)) == 0;
}

unsigned Log2(int64_t value) {
  return CountTrailingZeros(static_cast<uint64_t>(value));
}

}  // namespace

void MacroAssembler::ExtendWithZeros(unsigned rd, unsigned rs) {
  if (zba_) {
    emit_.Regs(encode::kAddUw, rd, rs, encode::kZero);
  } else {
    uses_mask_ = true;
    emit_.And(rd, rs, kMask);
  }
}

void MacroAssembler::LongConstant(unsigned rd, int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  if (bits == UINT32_MAX && !zba_) {
    uses_mask_ = true;
    emit_.Move(rd, kMask);
    return;
  }
  if (bits >> 32 == 0) {
    const auto word = static_cast<int32_t>(value);
    if (Emitter::ConstantLength(word) + 1 < Emitter::ConstantLength(value)) {
      emit_.Constant32(rd, word);
      ExtendWithZeros(rd, rd);
      return;
    }
  }
  emit_.Constant64(rd, value);
}

void MacroAssembler::AluRegs(Operation op, unsigned width, Reg dst, Reg lhs,
                             Reg rhs) {
  const bool wide = width == 64;
  const unsigned rd = To(dst);
  const unsigned rs1 = To(lhs);
  const unsigned rs2 = To(rhs);
  uint32_t insn = 0;
  switch (op) {
    case Operation::kAdd:
      if (wide) {
        emit_.Add(rd, rs1, rs2);
        Set(dst, kNothing);
      } else {
        emit_.Commuting(encode::kAddw, encode::kCAddw, rd, rs1, rs2);
        FinishWord(dst, kSigns);
      }
      return;
    case Operation::kSub:
      if (wide) {
        emit_.Sub(rd, rs1, rs2);
        Set(dst, kNothing);
      } else {
        emit_.Subw(rd, rs1, rs2);
        FinishWord(dst, kSigns);
      }
      return;
    case Operation::kAnd:
    case Operation::kOr:
    case Operation::kXor:
      BitwiseRegs(op, width, dst, lhs, rhs);
      return;
    case Operation::kMul:
      insn = wide ? encode::kMul : encode::kMulw;
      break;
    case Operation::kLsh:
      insn = wide ? encode::kSll : encode::kSllw;
      break;
    case Operation::kRsh:
      insn = wide ? encode::kSrl : encode::kSrlw;
      break;
    default:
      insn = wide ? encode::kSra : encode::kSraw;
      break;
  }
  emit_.Regs(insn, rd, rs1, rs2);
  if (wide) {
    Set(dst, kNothing);
  } else {
    FinishWord(dst, kSigns);
  }
}

void MacroAssembler::BitwiseRegs(Operation op, unsigned width, Reg dst, Reg lhs,
                                 Reg rhs) {
  const Known left = KnownOf(lhs);
  const Known right = KnownOf(rhs);
  const unsigned rd = To(dst);
  Known known = Intersect(left, right);
  if (op == Operation::kAnd) {
    emit_.And(rd, To(lhs), To(rhs));
    if (left == kBoth || right == kBoth) {
      known = kBoth;
    } else {
      known = static_cast<Known>(known | ((left | right) & kZeros));
    }
  } else if (op == Operation::kOr) {
    emit_.Or(rd, To(lhs), To(rhs));
  } else {
    emit_.Commuting(encode::kXor, encode::kCXor, rd, To(lhs), To(rhs));
  }
  if (width == 64) {
    Set(dst, known);
  } else {
    FinishWord(dst, known);
  }
}

void MacroAssembler::AluImm(Operation op, unsigned width, Reg dst, Reg lhs,
                            int64_t imm) {
  switch (op) {
    case Operation::kAdd:
      AddImm(width, dst, lhs, imm);
      return;
    case Operation::kSub:
      AddImm(width, dst, lhs, -imm);
      return;
    case Operation::kMul:
      MultiplyImm(width, dst, lhs, imm);
      return;
    case Operation::kAnd:
    case Operation::kOr:
    case Operation::kXor:
      BitwiseImm(op, width, dst, lhs, imm);
      return;
    default:
      ShiftImm(op, width, dst, lhs, static_cast<unsigned>(imm) & (width - 1));
      return;
  }
}

void MacroAssembler::AddImm(unsigned width, Reg dst, Reg lhs, int64_t imm) {
  const bool wide = width == 64;
  if (!wide) {
    imm = static_cast<int32_t>(imm);  // of kSub, 2^31 too
  }
  if (imm == 0) {
    Mov(width, dst, lhs);
    return;
  }
  const unsigned rd = To(dst);
  unsigned rs = To(lhs);
  const bool fits = encode::Fits(imm, 12);
  if (fits || (imm >= -4096 && imm <= 4094)) {
    if (!fits) {
      emit_.AddImm(rd, rs, imm / 2);
      imm -= imm / 2;
      rs = rd;
    }
    if (wide) {
      emit_.AddImm(rd, rs, imm);
    } else {
      emit_.AddImmW(rd, rs, imm);
    }
  } else {
    const unsigned constant = ConstantIn(imm);
    if (wide) {
      emit_.Add(rd, rs, constant);
    } else {
      emit_.Regs(encode::kAddw, rd, rs, constant);
    }
  }
  if (wide) {
    Set(dst, kNothing);
  } else {
    FinishWord(dst, kSigns);
  }
}

void MacroAssembler::BitwiseImm(Operation op, unsigned width, Reg dst, Reg lhs,
                                int64_t imm) {
  const unsigned rd = To(dst);
  const unsigned rs = To(lhs);
  Known known = KnownOf(lhs);
  if (op == Operation::kAnd) {
    AndWithImm(rd, rs, imm);
    known = imm >= 0 ? kBoth : known;
  } else {
    const bool is_or = op == Operation::kOr;
    if (imm == 0) {
      emit_.Move(rd, rs);
    } else if (encode::Fits(imm, 12)) {
      emit_.Imm(is_or ? encode::kOri : encode::kXori, rd, rs, imm);
    } else {
      emit_.Regs(is_or ? encode::kOr : encode::kXor, rd, rs, ConstantIn(imm));
    }
    if (imm < 0) {
      known = is_or ? kSigns : Intersect(known, kSigns);
    }
  }
  if (width == 64) {
    Set(dst, known);
  } else {
    FinishWord(dst, known);
  }
}

void MacroAssembler::AndWithImm(unsigned rd, unsigned rs, int64_t imm) {
  if (imm == 0) {
    emit_.Constant32(rd, 0);
  } else if (imm == -1) {
    emit_.Move(rd, rs);
  } else if (encode::Fits(imm, 12)) {
    emit_.AndImm(rd, rs, imm);
  } else if (IsPowerOfTwo(imm + 1)) {
    const unsigned count = 64 - Log2(imm + 1);
    emit_.ShiftLeft(rd, rs, count);
    emit_.ShiftRight(rd, rd, count);
  } else if (IsPowerOfTwo(-imm)) {
    emit_.ShiftRight(rd, rs, Log2(-imm));
    emit_.ShiftLeft(rd, rd, Log2(-imm));
  } else {
    emit_.Regs(encode::kAnd, rd, rs, ConstantIn(imm));
  }
}

void MacroAssembler::MultiplyImm(unsigned width, Reg dst, Reg lhs,
                                 int64_t imm) {
  const bool wide = width == 64;
  const unsigned rd = To(dst);
  const unsigned rs = To(lhs);
  if (imm == 0) {
    MovImm(dst, 0);
    return;
  }
  if (imm == -1) {
    Negate(width, dst, lhs);
    return;
  }
  if (IsPowerOfTwo(imm)) {
    ShiftImm(Operation::kLsh, width, dst, lhs, Log2(imm));
    return;
  }
  if (zba_ && wide && (imm == 3 || imm == 5 || imm == 9)) {
    const uint32_t insn = imm == 3   ? encode::kSh1Add
                          : imm == 5 ? encode::kSh2Add
                                     : encode::kSh3Add;
    emit_.Regs(insn, rd, rs, rs);
  } else if (IsPowerOfTwo(imm - 1)) {
    emit_.ShiftLeft(kScratch, rs, Log2(imm - 1));
    if (wide) {
      emit_.Add(rd, rs, kScratch);
    } else {
      emit_.Regs(encode::kAddw, rd, rs, kScratch);
    }
  } else if (IsPowerOfTwo(imm + 1)) {
    emit_.ShiftLeft(kScratch, rs, Log2(imm + 1));
    emit_.Regs(wide ? encode::kSub : encode::kSubw, rd, kScratch, rs);
  } else {
    emit_.Regs(wide ? encode::kMul : encode::kMulw, rd, rs, ConstantIn(imm));
  }
  if (wide) {
    Set(dst, kNothing);
  } else {
    FinishWord(dst, kSigns);
  }
}

void MacroAssembler::ShiftImm(Operation op, unsigned width, Reg dst, Reg lhs,
                              unsigned count) {
  if (count == 0) {
    Mov(width, dst, lhs);
    return;
  }
  if (width == 32) {
    ShiftWordImm(op, dst, lhs, count);
    return;
  }
  const unsigned rd = To(dst);
  const unsigned rs = To(lhs);
  if (op == Operation::kLsh) {
    emit_.ShiftLeft(rd, rs, count);
    Set(dst, kNothing);
  } else if (op == Operation::kRsh) {
    emit_.ShiftRight(rd, rs, count);
    Known known = count > 32 || HasZeros(lhs) ? kBoth : kNothing;
    if (count == 32 && known == kNothing) {
      known = kZeros;
    }
    Set(dst, known);
  } else {
    emit_.ShiftRightSigned(rd, rs, count);
    Known known = count >= 32 || HasSigns(lhs) ? kSigns : kNothing;
    if (HasZeros(lhs)) {
      known = kBoth;
    }
    Set(dst, known);
  }
}

void MacroAssembler::ShiftWordImm(Operation op, Reg dst, Reg lhs,
                                  unsigned count) {
  const unsigned rd = To(dst);
  const unsigned rs = To(lhs);
  if (op == Operation::kLsh) {
    if (UpperIsRead(dst)) {
      emit_.ShiftLeft(rd, rs, count + 32);
      emit_.ShiftRight(rd, rd, 32);
      Set(dst, kZeros);
    } else {
      emit_.Imm(encode::kSlliw, rd, rs, count);
      Set(dst, kSigns);
    }
  } else if (op == Operation::kRsh) {
    if (HasZeros(lhs)) {
      emit_.ShiftRight(rd, rs, count);
    } else {
      emit_.Imm(encode::kSrliw, rd, rs, count);
    }
    Set(dst, kBoth);
  } else if (HasSigns(lhs)) {
    const Known known = KnownOf(lhs);
    emit_.ShiftRightSigned(rd, rs, count);
    FinishWord(dst, known);
  } else {
    emit_.Imm(encode::kSraiw, rd, rs, count);
    FinishWord(dst, kSigns);
  }
}

void MacroAssembler::Negate(unsigned width, Reg dst, Reg src) {
  if (width == 64) {
    emit_.Regs(encode::kSub, To(dst), encode::kZero, To(src));
    Set(dst, kNothing);
  } else {
    emit_.Regs(encode::kSubw, To(dst), encode::kZero, To(src));
    FinishWord(dst, kSigns);
  }
}

void MacroAssembler::ZeroExtend(unsigned bits, Reg dst, Reg src) {
  const unsigned rd = To(dst);
  if (bits == 32) {
    Mov(32, dst, src);
    return;
  }
  if (bits == 8) {
    emit_.AndImm(rd, To(src), 0xff);
  } else if (zbb_) {
    emit_.Regs(encode::kZextH, rd, To(src), 0);
  } else {
    emit_.ShiftLeft(rd, To(src), 48);
    emit_.ShiftRight(rd, rd, 48);
  }
  Set(dst, kBoth);
}

void MacroAssembler::SignExtend(unsigned bits, unsigned width, Reg dst,
                                Reg src) {
  const unsigned rd = To(dst);
  const unsigned rs = To(src);
  Known known = kSigns;
  if (bits == 32) {
    if (width == 32) {
      Mov(32, dst, src);
      return;
    }
    if (HasSigns(src)) {
      known = KnownOf(src);
      emit_.Move(rd, rs);
    } else {
      emit_.AddImmW(rd, rs, 0);
    }
  } else if (zbb_) {
    emit_.Regs(bits == 8 ? encode::kSextB : encode::kSextH, rd, rs, 0);
  } else {
    emit_.ShiftLeft(rd, rs, 64 - bits);
    emit_.ShiftRightSigned(rd, rd, 64 - bits);
  }
  if (width == 64) {
    Set(dst, known);
  } else {
    FinishWord(dst, known);
  }
}

void MacroAssembler::RotateLeft(unsigned width, Reg dst, Reg src,
                                unsigned count) {
  const bool wide = width == 64;
  const unsigned rd = To(dst);
  const unsigned rs = To(src);
  if (zbb_) {
    emit_.Imm(wide ? encode::kRori : encode::kRoriw, rd, rs, width - count);
  } else if (wide) {
    emit_.ShiftLeft(kScratch, rs, count);
    emit_.ShiftRight(rd, rs, 64 - count);
    emit_.Or(rd, rd, kScratch);
  } else {
    emit_.Imm(encode::kSlliw, kScratch, rs, count);
    emit_.Imm(encode::kSrliw, rd, rs, 32 - count);
    emit_.Or(rd, rd, kScratch);
  }
  if (wide) {
    Set(dst, kNothing);
  } else {
    FinishWord(dst, kSigns);
  }
}

void MacroAssembler::ExtractBits(Reg dst, Reg src, unsigned shift,
                                 unsigned count) {
  const unsigned rd = To(dst);
  const unsigned rs = To(src);
  const unsigned end = shift + count;
  if (shift != 0 && (end >= 64 || (end >= 32 && HasZeros(src)))) {
    emit_.ShiftRight(rd, rs, shift);
  } else if (count <= 11) {
    if (shift == 0) {
      emit_.AndImm(rd, rs, (1 << count) - 1);
    } else {
      emit_.ShiftRight(rd, rs, shift);
      emit_.AndImm(rd, rd, (1 << count) - 1);
    }
  } else if (end == 32) {
    emit_.Imm(encode::kSrliw, rd, rs, shift);
  } else {
    emit_.ShiftLeft(rd, rs, 64 - end);
    emit_.ShiftRight(rd, rd, 64 - count);
  }
  Set(dst, kBoth);
}

}  // namespace ebpf::riscv64
