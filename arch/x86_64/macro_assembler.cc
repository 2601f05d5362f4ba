// SPDX-License-Identifier: MIT
//
// x86-64's macro assembler: arithmetic and comparisons.
#include "arch/x86_64/macro_assembler.h"

#include "core/base/bits.h"

namespace ebpf::x86_64 {

void MacroAssembler::Constant(unsigned to, uint64_t value) {
  if (value == 0) {
    out_.Alu(AluCode::kXor, false, to, to);
  } else if (value == static_cast<uint32_t>(value)) {
    out_.MovImm32(to, static_cast<uint32_t>(value));
  } else if (static_cast<int64_t>(value) == static_cast<int32_t>(value)) {
    out_.MovImmSigned(to, static_cast<int32_t>(value));
  } else {
    out_.MovImm64(to, value);
  }
}

/// dst is not lhs.
void MacroAssembler::ThreeRegs(AluCode code, bool wide, Reg dst, Reg lhs,
                               Reg rhs) {
  const unsigned to = Of(dst);
  const unsigned left = Of(lhs);
  const unsigned right = Of(rhs);
  if (dst == rhs) {
    if (code == AluCode::kSub) {
      out_.Unary(UnaryCode::kNeg, wide, to);
      out_.Alu(AluCode::kAdd, wide, to, left);
    } else {
      out_.Alu(code, wide, to, left);
    }
  } else if (code == AluCode::kAdd) {
    // rbp and r13 as a base cost a byte.
    const bool swap = (left & 7) == kRbp;
    const size_t size = out_.size();
    out_.Lea(wide, to,
             {static_cast<uint8_t>(swap ? right : left),
              static_cast<uint8_t>(swap ? left : right)});
    FlagsStay(size, dst);
    return;
  } else {
    out_.Mov(wide, to, left);
    out_.Alu(code, wide, to, right);
  }
  FlagsAreOf(wide, dst, IsLogical(code));
}

void MacroAssembler::AluImm(Operation op, unsigned width, Reg dst, Reg lhs,
                            int32_t imm) {
  const bool wide = NeedsAll(width, dst);
  const unsigned to = Of(dst);
  switch (op) {
    case Operation::kAdd:
      AddImm(wide, dst, lhs, imm);
      return;
    case Operation::kSub:
      if (imm != INT32_MIN) {
        AddImm(wide, dst, lhs, -imm);
        return;
      }
      break;
    case Operation::kAnd:
      AndImm(wide, dst, lhs, imm);
      return;
    case Operation::kXor:
      if (imm == -1) {
        Move(wide, to, Of(lhs));
        out_.Unary(UnaryCode::kNot, wide, to);
        return;
      }
      break;
    case Operation::kOr:
      break;
    case Operation::kMul:
      MultiplyImm(wide, dst, lhs, imm);
      return;
    default:
      ShiftImm(op, width, dst, lhs, static_cast<uint32_t>(imm) & (width - 1));
      return;
  }
  if (imm == 0) {
    Mov(width, dst, lhs);
    return;
  }
  Move(wide, to, Of(lhs));
  const auto code = AluCode{CodeOf(op)};
  out_.Alu(code, wide, to, imm);
  FlagsAreOf(wide, dst, IsLogical(code));
}

void MacroAssembler::AddImm(bool wide, Reg dst, Reg lhs, int32_t imm) {
  const unsigned to = Of(dst);
  if (imm == 0) {
    Mov(wide ? 64 : 32, dst, lhs);
    return;
  }
  if (dst != lhs) {
    const size_t size = out_.size();
    out_.Lea(wide, to, {kRegisters[lhs], Memory::kNoIndex, 0, imm});
    FlagsStay(size, dst);
    return;
  }
  if (imm == 1) {
    out_.Inc(wide, to);
  } else if (imm == -1) {
    out_.Dec(wide, to);
  } else if (imm == 128) {
    out_.Alu(AluCode::kSub, wide, to, -128);
  } else {
    out_.Alu(AluCode::kAdd, wide, to, imm);
  }
  FlagsAreOf(wide, dst, false);
}

void MacroAssembler::AndImm(bool wide, Reg dst, Reg lhs, int32_t imm) {
  const unsigned to = Of(dst);
  const unsigned from = Of(lhs);
  if (imm == 0) {
    Constant(to, 0);
  } else if (imm == 0xff) {
    out_.Movzx8(to, from);
  } else if (imm == 0xffff) {
    out_.Movzx16(to, from);
  } else if (imm == -1) {
    Mov(wide ? 64 : 32, dst, lhs);
  } else {
    wide = wide && imm < 0;
    Move(wide, to, from);
    out_.Alu(AluCode::kAnd, wide, to, imm);
    FlagsAreOf(wide, dst, true);
  }
}

void MacroAssembler::MultiplyImm(bool wide, Reg dst, Reg lhs, int32_t imm) {
  const unsigned to = Of(dst);
  const unsigned from = Of(lhs);
  const uint8_t base = kRegisters[lhs];
  if (imm == 0) {
    Constant(to, 0);
  } else if (imm == 3 || imm == 5 || imm == 9) {
    const auto scale = static_cast<uint8_t>(CountTrailingZeros(imm & ~1u));
    out_.Lea(wide, to, {base, base, scale});
  } else if (imm > 0 && (imm & (imm - 1)) == 0) {
    ShiftImm(Operation::kLsh, wide ? 64 : 32, dst, lhs,
             CountTrailingZeros(static_cast<uint32_t>(imm)));
  } else if (imm == -1) {
    Move(wide, to, from);
    out_.Unary(UnaryCode::kNeg, wide, to);
    FlagsAreOf(wide, dst, false);
  } else {
    out_.Imul(wide, to, from, imm);
  }
}

void MacroAssembler::ShiftImm(Operation op, unsigned width, Reg dst, Reg lhs,
                              unsigned count) {
  const unsigned to = Of(dst);
  bool wide = width == 64;
  if (count == 0) {
    Mov(width, dst, lhs);
    return;
  }
  if (op == Operation::kLsh) {
    wide = wide && (UpperIsRead(dst) || count >= 32);
    if (count == 1) {
      if (dst == lhs) {
        out_.Alu(AluCode::kAdd, wide, to, to);
        FlagsAreOf(wide, dst, false);
      } else {
        out_.Lea(wide, to, {kRegisters[lhs], kRegisters[lhs]});
      }
      return;
    }
  }
  const ShiftCode code = op == Operation::kLsh   ? ShiftCode::kShl
                         : op == Operation::kRsh ? ShiftCode::kShr
                                                 : ShiftCode::kSar;
  Move(wide, to, Of(lhs));
  out_.Shift(code, wide, to, count);
  FlagsAreOf(wide, dst, false);
}

void MacroAssembler::Multiply(bool wide, Reg dst, Reg lhs, Reg rhs) {
  const unsigned to = Of(dst);
  if (dst == rhs) {
    out_.Imul(wide, to, Of(lhs));
  } else {
    Move(wide, to, Of(lhs));
    out_.Imul(wide, to, Of(rhs));
  }
}

void MacroAssembler::Shift(ShiftCode code, bool wide, Reg dst, Reg lhs,
                           Reg rhs) {
  const unsigned to = Of(dst);
  const unsigned from = Of(lhs);
  const unsigned count = Of(rhs);
  if (bmi2_) {
    out_.ShiftX(code, wide, to, from, count);
    return;
  }
  if (to == kRcx) {
    out_.Mov(wide, kScratch, from);
    Move(false, kRcx, count);
    out_.ShiftByCl(code, wide, kScratch);
    out_.Mov(wide, kRcx, kScratch);
    return;
  }
  if (count == kRcx) {
    Move(wide, to, from);
    out_.ShiftByCl(code, wide, to);
    return;
  }
  const bool keep_rcx = IsRead(4);
  if (keep_rcx || from == kRcx) {
    out_.Mov(true, kScratch, kRcx);
  }
  out_.Mov(false, kRcx, count);
  Move(wide, to, from == kRcx ? kScratch : from);
  out_.ShiftByCl(code, wide, to);
  if (keep_rcx) {
    out_.Mov(true, kRcx, kScratch);
  }
}

namespace {

/// rax and rdx, while an instruction has its results there.
class KeptPair {
 public:
  KeptPair(Encoder& out, bool keep_rax, bool keep_rdx, bool scratch_is_free)
      : out_(out) {
    if (keep_rax) {
      Keep(kRax, scratch_is_free);
      scratch_is_free = false;
    }
    if (keep_rdx) {
      Keep(kRdx, scratch_is_free);
    }
  }
  void Restore() {
    if (in_scratch_ != kRsp) {
      out_.Mov(true, in_scratch_, kR9);
    }
    while (pushed_count_ > 0) {
      out_.Pop(pushed_[--pushed_count_]);
    }
  }

 private:
  void Keep(unsigned reg, bool scratch_is_free) {
    if (scratch_is_free) {
      out_.Mov(true, kR9, reg);
      in_scratch_ = reg;
    } else {
      out_.Push(reg);
      pushed_[pushed_count_++] = reg;
    }
  }

  Encoder& out_;
  unsigned in_scratch_ = kRsp;  // none
  unsigned pushed_[2];
  unsigned pushed_count_ = 0;
};

}  // namespace

void MacroAssembler::MultiplyHigh(Reg dst, Reg lhs, Reg rhs) {
  const unsigned to = Of(dst);
  unsigned left = Of(lhs);
  unsigned right = Of(rhs);
  const bool keep_rdx = to != kRdx && IsRead(3);
  if (bmi2_) {
    if (right == kRdx) {
      Swap(left, right);
    }
    const bool move = left != kRdx;
    if (move) {
      if (keep_rdx) {
        out_.Mov(true, kScratch, kRdx);
      }
      out_.Mov(true, kRdx, left);
    }
    out_.Mulx(true, to, to, right);
    if (move && keep_rdx) {
      out_.Mov(true, kRdx, kScratch);
    }
    return;
  }
  if (right == kRax) {
    Swap(left, right);
  }
  KeptPair kept(out_, to != kRax && IsRead(0), keep_rdx, true);
  Move(true, kRax, left);
  out_.Unary(UnaryCode::kMul, true, right);
  Move(true, to, kRdx);
  kept.Restore();
}

void MacroAssembler::Divide(Operation op, unsigned width, Reg dst, Reg lhs,
                            Reg rhs, bool non_zero) {
  const bool wide = width == 64;
  const bool is_signed = op == Operation::kSDiv || op == Operation::kSMod;
  const bool is_div = op == Operation::kDiv || op == Operation::kSDiv;
  const unsigned to = Of(dst);
  unsigned divisor = Of(rhs);
  const bool divisor_moves = divisor == kRax || divisor == kRdx;
  if (divisor_moves) {
    out_.Mov(wide, kScratch, divisor);
    divisor = kScratch;
  }
  KeptPair kept(out_, to != kRax && IsRead(0), to != kRdx && IsRead(3),
                !divisor_moves);
  const unsigned from = Of(lhs);
  // What x % 0 leaves in rax is x.
  if (from != kRax || (to == kRax && !wide && UpperIsRead(dst) && !is_signed &&
                       !is_div && !non_zero)) {
    out_.Mov(wide, kRax, from);
  }
  const unsigned result = is_signed
                              ? DivideSigned(is_div, wide, divisor, non_zero)
                              : DivideUnsigned(is_div, wide, divisor, non_zero);
  Move(wide, to, result);
  kept.Restore();
}

/// rax by `divisor`; where the result is.
unsigned MacroAssembler::DivideUnsigned(bool is_div, bool wide,
                                        unsigned divisor, bool non_zero) {
  out_.Alu(AluCode::kXor, false, kRdx, kRdx);
  if (non_zero) {
    out_.Unary(UnaryCode::kDiv, wide, divisor);
    return is_div ? kRax : kRdx;
  }
  // By 0, the quotient is what is in rdx, the remainder what is in rax: where
  // the other one is after a division.
  const unsigned result = is_div ? kRdx : kRax;
  const int32_t body = (wide || divisor >= 8 ? 3 : 2) + (wide ? 3 : 2);
  out_.Test(wide, divisor, divisor);
  out_.Jcc8(Condition::kE, body);
  out_.Unary(UnaryCode::kDiv, wide, divisor);
  out_.Mov(wide, result, is_div ? kRax : kRdx);
  return result;
}

/// rax by `divisor`; where the result is.
unsigned MacroAssembler::DivideSigned(bool is_div, bool wide, unsigned divisor,
                                      bool non_zero) {
  // By 0 and -1 it traps, or may. There x / d is x * d, and x % d is
  // x * (d + 1), with wrapping.
  const int32_t rex = wide || divisor >= 8 ? 1 : 0;
  const int32_t wide_rex = wide ? 1 : 0;
  int32_t body = (1 + wide_rex) + (2 + rex) + 2;
  body += is_div ? 0 : 2 + wide_rex;
  if (non_zero) {
    out_.Alu(AluCode::kCmp, wide, divisor, -1);
    out_.Jcc8(Condition::kE, body);
  } else {
    out_.Lea(wide, kRdx,
             {static_cast<uint8_t>(divisor), Memory::kNoIndex, 0, 1});
    out_.Alu(AluCode::kCmp, wide, kRdx, 1);
    out_.Jcc8(Condition::kBe, body);
  }
  out_.Cdq(wide);
  out_.Unary(UnaryCode::kIdiv, wide, divisor);
  if (!is_div) {
    out_.Mov(wide, kRax, kRdx);
  }
  if (is_div) {
    out_.Jmp8(3 + rex);
    out_.Imul(wide, kRax, divisor);
  } else if (non_zero) {
    out_.Jmp8(2);
    out_.Alu(AluCode::kXor, false, kRax, kRax);
  } else {
    out_.Jmp8(3 + wide_rex);
    out_.Imul(wide, kRax, kRdx);
  }
  return kRax;
}

void MacroAssembler::Negate(unsigned width, Reg dst, Reg src) {
  const bool wide = NeedsAll(width, dst);
  Move(wide, Of(dst), Of(src));
  out_.Unary(UnaryCode::kNeg, wide, Of(dst));
  FlagsAreOf(wide, dst, false);
}

void MacroAssembler::ByteSwap(unsigned bits, Reg dst, Reg src) {
  const bool wide = bits == 64;
  Move(wide, Of(dst), Of(src));
  out_.Bswap(wide, Of(dst));
  if (bits == 16) {
    out_.Shift(ShiftCode::kShr, false, Of(dst), 16);
  }
}

void MacroAssembler::ZeroExtend(unsigned bits, Reg dst, Reg src) {
  if (bits == 8) {
    out_.Movzx8(Of(dst), Of(src));
  } else if (bits == 16) {
    out_.Movzx16(Of(dst), Of(src));
  } else {
    Mov(32, dst, src);
  }
}

void MacroAssembler::SignExtend(unsigned bits, unsigned width, Reg dst,
                                Reg src) {
  const bool wide = NeedsAll(width, dst);
  if (bits == 8) {
    out_.Movsx8(wide, Of(dst), Of(src));
  } else if (bits == 16) {
    out_.Movsx16(wide, Of(dst), Of(src));
  } else if (wide) {
    out_.Movsxd(Of(dst), Of(src));
  } else {
    Mov(32, dst, src);
  }
}

void MacroAssembler::RotateLeft(unsigned width, Reg dst, Reg src,
                                unsigned count) {
  const bool wide = width == 64;
  if (bmi2_ && dst != src) {
    out_.Rorx(wide, Of(dst), Of(src), width - count);
    return;
  }
  Move(wide, Of(dst), Of(src));
  out_.Shift(ShiftCode::kRol, wide, Of(dst), count);
}

void MacroAssembler::ExtractBits(Reg dst, Reg src, unsigned shift,
                                 unsigned count) {
  const unsigned to = Of(dst);
  const unsigned from = Of(src);
  const auto mask = static_cast<int32_t>((uint32_t{1} << count) - 1);
  if (shift == 8 && count == 8 && to < 8 && from <= kRbx) {
    out_.MovzxSecond(to, from);
    return;
  }
  // Bits that 32 have need no more.
  const bool wide = shift + count > 32;
  if (shift == 0) {
    AndImm(false, dst, src, mask);
    return;
  }
  if (wide && bmi2_ && dst != src && shift + count < 64) {
    out_.Rorx(true, to, from, shift);
  } else {
    Move(wide, to, from);
    out_.Shift(ShiftCode::kShr, wide, to, shift);
  }
  if (shift + count < (wide ? 64u : 32u)) {
    AndImm(false, dst, dst, mask);
  }
}

namespace {

/// After a comparison, in isa::Operation's order from kEq on.
Condition ConditionOf(isa::Operation op) {
  static constexpr Condition kConditions[] = {
      Condition::kE,  Condition::kA, Condition::kAe, Condition::kNe,
      Condition::kNe, Condition::kG, Condition::kGe, Condition::kB,
      Condition::kBe, Condition::kL, Condition::kLe};
  return kConditions[static_cast<unsigned>(op) -
                     static_cast<unsigned>(isa::Operation::kEq)];
}

/// After a test of a register, or what set ZF and SF by its result.
Condition ConditionOfZero(isa::Operation op) {
  switch (op) {
    case isa::Operation::kGt:
      return Condition::kNe;
    case isa::Operation::kLe:
      return Condition::kE;
    case isa::Operation::kSGe:
      return Condition::kNs;
    case isa::Operation::kSLt:
      return Condition::kS;
    default:
      return ConditionOf(op);
  }
}

constexpr bool NeedsOnlyZeroAndSign(Condition condition) {
  return condition == Condition::kE || condition == Condition::kNe ||
         condition == Condition::kS || condition == Condition::kNs;
}

/// The same comparison with a constant that takes less room.
void Shorten(isa::Operation& op, int32_t& imm) {
  using Operation = isa::Operation;
  if (imm == -1) {
    if (op == Operation::kSGt) {
      op = Operation::kSGe;
      imm = 0;
    } else if (op == Operation::kSLe) {
      op = Operation::kSLt;
      imm = 0;
    }
    return;
  }
  // x >= n: x > n - 1.
  const bool to_zero = imm == 1;
  if (op == Operation::kGe) {
    op = to_zero ? Operation::kNe : Operation::kGt;
  } else if (op == Operation::kLt) {
    op = to_zero ? Operation::kEq : Operation::kLe;
  } else if (op == Operation::kSGe) {
    op = Operation::kSGt;
  } else if (op == Operation::kSLt) {
    op = Operation::kSLe;
  } else {
    return;
  }
  --imm;
}

}  // namespace

Condition MacroAssembler::Compare(Operation op, unsigned width, Reg lhs,
                                  Operand rhs) {
  const bool wide = width == 64;
  const bool is_test = op == Operation::kSet;
  if (rhs.is_imm() && !is_test) {
    return CompareImm(op, wide, lhs, rhs.imm);
  }
  const uint64_t key = FlagsKey(wide, lhs, rhs, is_test);
  if (!FlagsAre(key)) {
    if (!is_test) {
      out_.Alu(AluCode::kCmp, wide, Of(lhs), Of(rhs.reg));
    } else if (rhs.is_imm()) {
      TestImm(wide, lhs, rhs.imm);
    } else {
      out_.Test(wide, Of(lhs), Of(rhs.reg));
    }
    FlagsBecome(key);
  }
  return ConditionOf(op);
}

Condition MacroAssembler::CompareImm(Operation op, bool wide, Reg lhs,
                                     int32_t imm) {
  if (imm == 1 || imm == -1 || imm == 128) {
    Shorten(op, imm);
  }
  const uint64_t key = FlagsKey(wide, lhs, Operand::Imm(imm));
  if (imm != 0) {
    if (!FlagsAre(key)) {
      out_.Alu(AluCode::kCmp, wide, Of(lhs), imm);
      FlagsBecome(key);
    }
    return ConditionOf(op);
  }
  const Condition if_so = ConditionOfZero(op);
  if (FlagsAre(key)) {
    if (flags_are_whole_ || NeedsOnlyZeroAndSign(if_so)) {
      return if_so;
    }
  } else if ((if_so == Condition::kE || if_so == Condition::kNe) &&
             flags_are_of_result_ &&
             FlagsAre(FlagsKey(false, lhs, Operand::Imm(0)))) {
    // The operation was of 32 bits, and left 0 in the others.
    return if_so;
  }
  out_.Test(wide, Of(lhs), Of(lhs));
  FlagsBecome(key);
  return if_so;
}

void MacroAssembler::TestImm(bool wide, Reg lhs, int32_t imm) {
  if (imm >= 0 && imm <= int32_t{UINT8_MAX}) {
    out_.Test8(Of(lhs), static_cast<uint32_t>(imm));
  } else {
    out_.Test(wide && imm < 0, Of(lhs), imm);
  }
}

}  // namespace ebpf::x86_64
