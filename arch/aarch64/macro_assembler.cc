// SPDX-License-Identifier: MIT
//
// What AArch64's macro assembler does less often, or in several instructions.
#include "arch/aarch64/macro_assembler.h"

namespace ebpf::aarch64 {

using encode::Condition;
using encode::kZero;
using machine::kFramePointerReg;
using machine::kNoReg;

namespace {

/// `value`, as a mask of 64 bits that does the same in `wide` or half of it.
uint64_t Spread(bool wide, int64_t value) {
  if (wide) {
    return static_cast<uint64_t>(value);
  }
  const uint64_t low = static_cast<uint32_t>(value);
  return low | low << 32;
}

uint64_t Magnitude(int64_t value) {
  return value < 0 ? 0 - static_cast<uint64_t>(value)
                   : static_cast<uint64_t>(value);
}

/// Whether ADD and CMP have it as an immediate.
bool IsAddImm(uint64_t magnitude) {
  return magnitude < 4096 || (magnitude < 1u << 24 && (magnitude & 0xfff) == 0);
}

/// ADD, CMP and so on: `insn` of the low 12 bits, or of the 12 above.
uint32_t AddSub(uint32_t insn, bool wide, unsigned rd, unsigned rn,
                uint64_t magnitude) {
  const bool shifted = magnitude >= 4096;
  const auto imm = static_cast<uint32_t>(shifted ? magnitude >> 12 : magnitude);
  return encode::AddSubImm(insn, wide, rd, rn, imm, shifted);
}

}  // namespace

unsigned MacroAssembler::FrameOperand() {
  Emit(encode::AddSubImm(encode::kAddImm, true, kScratchFrame, kFrame,
                         kFrameBias));
  return kScratchFrame;
}

// Constants.

void MacroAssembler::EmitConstant32(unsigned rd, uint32_t value) {
  const uint32_t low = value & 0xffff;
  const uint32_t high = value >> 16;
  if (high == 0) {
    Emit(encode::MoveWide(encode::kMovz, false, rd, low, 0));
  } else if (low == 0) {
    Emit(encode::MoveWide(encode::kMovz, false, rd, high, 1));
  } else if (high == 0xffff) {
    Emit(encode::MoveWide(encode::kMovn, false, rd, low ^ 0xffff, 0));
  } else if (low == 0xffff) {
    Emit(encode::MoveWide(encode::kMovn, false, rd, high ^ 0xffff, 1));
  } else if (const auto mask =
                 encode::EncodeBitmask(value | uint64_t{value} << 32);
             mask.valid) {
    Emit(encode::LogicalImm(encode::kOrrImm, false, rd, kZero, mask.bits));
  } else {
    Emit(encode::MoveWide(encode::kMovz, false, rd, low, 0),
         encode::MoveWide(encode::kMovk, false, rd, high, 1));
  }
}

void MacroAssembler::EmitLongConstant(unsigned rd, uint64_t value) {
  if (value <= UINT32_MAX) {
    EmitConstant32(rd, static_cast<uint32_t>(value));
    return;
  }
  unsigned zeros = 0;
  unsigned ones = 0;
  for (unsigned shift = 0; shift < 64; shift += 16) {
    const uint64_t half = value >> shift & 0xffff;
    zeros += half == 0;
    ones += half == 0xffff;
  }
  const unsigned best = zeros >= ones ? zeros : ones;
  if (best < 3) {
    if (const auto mask = encode::EncodeBitmask(value); mask.valid) {
      Emit(encode::LogicalImm(encode::kOrrImm, true, rd, kZero, mask.bits));
      return;
    }
    if (best < 2 && EmitMaskedConstant(rd, value)) {
      return;
    }
  }
  EmitHalves(rd, value, zeros >= ones ? 0 : 0xffff);
}

/// In two instructions, if `value` but for one halfword is a mask.
bool MacroAssembler::EmitMaskedConstant(unsigned rd, uint64_t value) {
  for (unsigned half = 0; half < 4; ++half) {
    const unsigned shift = 16 * half;
    const uint64_t others = value & ~(uint64_t{0xffff} << shift);
    const uint64_t fills[] = {value >> ((shift + 16) & 63) & 0xffff,
                              value >> ((shift + 32) & 63) & 0xffff,
                              value >> ((shift + 48) & 63) & 0xffff, 0, 0xffff};
    for (const uint64_t fill : fills) {
      const auto mask = encode::EncodeBitmask(others | fill << shift);
      if (mask.valid) {
        const auto imm = static_cast<uint32_t>(value >> shift & 0xffff);
        Emit(encode::LogicalImm(encode::kOrrImm, true, rd, kZero, mask.bits),
             encode::MoveWide(encode::kMovk, true, rd, imm, half));
        return true;
      }
    }
  }
  return false;
}

/// Halfword by halfword, where they are not `fill`: 0, or 0xffff.
void MacroAssembler::EmitHalves(unsigned rd, uint64_t value, uint64_t fill) {
  bool first = true;
  for (unsigned half = 0; half < 4; ++half) {
    const uint64_t imm = value >> (16 * half) & 0xffff;
    if (imm == fill && !(first && half == 3)) {
      continue;
    }
    if (first) {
      Emit(encode::MoveWide(fill == 0 ? encode::kMovz : encode::kMovn, true, rd,
                            static_cast<uint32_t>(imm ^ fill), half));
    } else {
      Emit(encode::MoveWide(encode::kMovk, true, rd, static_cast<uint32_t>(imm),
                            half));
    }
    first = false;
  }
}

// Arithmetic.

void MacroAssembler::AluImm(Operation op, unsigned width, Reg dst, Reg lhs,
                            int32_t imm) {
  const bool wide = width == 64;
  const unsigned count = static_cast<unsigned>(imm) & (width - 1);
  const unsigned rd = To(dst);
  if (op == Operation::kAdd || op == Operation::kSub) {
    int64_t addend = op == Operation::kAdd ? int64_t{imm} : -int64_t{imm};
    addend += lhs == kFramePointerReg ? kFrameBias : 0;
    addend -= dst == kFramePointerReg ? kFrameBias : 0;
    AddImm(wide, rd, kRegisters[lhs], addend);
    return;
  }
  const unsigned rn = From(lhs);
  if (op == Operation::kLsh) {
    Emit(encode::Lsl(wide, rd, rn, count));
  } else if (op == Operation::kRsh) {
    Emit(encode::Lsr(wide, rd, rn, count));
  } else if (op == Operation::kArsh) {
    Emit(encode::Asr(wide, rd, rn, count));
  } else if (op == Operation::kMul) {
    MultiplyImm(wide, rd, rn, imm);
  } else {
    LogicalImm(op, wide, rd, rn, imm);
  }
}

void MacroAssembler::AddImm(bool wide, unsigned rd, unsigned rn, int64_t imm) {
  const uint64_t magnitude = Magnitude(imm);
  const uint32_t insn = imm < 0 ? encode::kSubImm : encode::kAddImm;
  if (IsAddImm(magnitude)) {
    Emit(AddSub(insn, wide, rd, rn, magnitude));
  } else if (magnitude < 1u << 24) {
    Emit(AddSub(insn, wide, rd, rn, magnitude & 0xfff000),
         AddSub(insn, wide, rd, rd, magnitude & 0xfff));
  } else {
    EmitConstant(kScratchImm, magnitude);
    Emit(encode::ThreeRegs(imm < 0 ? encode::kSub : encode::kAdd, wide, rd, rn,
                           kScratchImm));
  }
}

void MacroAssembler::LogicalImm(Operation op, bool wide, unsigned rd,
                                unsigned rn, int32_t imm) {
  const bool is_and = op == Operation::kAnd;
  const bool is_or = op == Operation::kOr;
  if (imm == 0 || imm == -1) {
    if (is_and == (imm == 0) && op != Operation::kXor) {
      EmitConstant(rd, wide ? static_cast<uint64_t>(int64_t{imm})
                            : static_cast<uint32_t>(imm));
    } else if (imm == -1 && op == Operation::kXor) {
      Emit(encode::ThreeRegs(encode::kOrn, wide, rd, kZero, rn));
    } else {
      Emit(encode::Mov(wide, rd, rn));
    }
    return;
  }
  const auto mask = encode::EncodeBitmask(Spread(wide, imm));
  if (mask.valid) {
    const uint32_t insn = is_and  ? encode::kAndImm
                          : is_or ? encode::kOrrImm
                                  : encode::kEorImm;
    Emit(encode::LogicalImm(insn, wide, rd, rn, mask.bits));
    return;
  }
  EmitConstant(kScratchImm, wide ? static_cast<uint64_t>(int64_t{imm})
                                 : static_cast<uint32_t>(imm));
  const uint32_t insn = is_and  ? encode::kAnd
                        : is_or ? encode::kOrr
                                : encode::kEor;
  Emit(encode::ThreeRegs(insn, wide, rd, rn, kScratchImm));
}

void MacroAssembler::MultiplyImm(bool wide, unsigned rd, unsigned rn,
                                 int32_t imm) {
  using encode::Shift;
  const uint64_t magnitude = Magnitude(imm);
  const bool negative = imm < 0;
  if (IsPowerOfTwo(magnitude)) {
    const unsigned count = BitWidth(magnitude) - 1;
    Emit(negative ? encode::Shifted(encode::kSub, wide, rd, kZero, rn,
                                    Shift::kLsl, count)
                  : encode::Lsl(wide, rd, rn, count));
  } else if (!negative && IsPowerOfTwo(magnitude - 1)) {
    Emit(encode::Shifted(encode::kAdd, wide, rd, rn, rn, Shift::kLsl,
                         BitWidth(magnitude - 1) - 1));
  } else if (negative && IsPowerOfTwo(magnitude + 1)) {
    Emit(encode::Shifted(encode::kSub, wide, rd, rn, rn, Shift::kLsl,
                         BitWidth(magnitude + 1) - 1));
  } else if (imm == 0) {
    EmitConstant(rd, 0);
  } else {
    EmitConstant(kScratchImm, wide ? static_cast<uint64_t>(int64_t{imm})
                                   : static_cast<uint32_t>(imm));
    Emit(encode::ThreeRegs(encode::kMul, wide, rd, rn, kScratchImm));
  }
}

void MacroAssembler::AluShifted(Operation op, unsigned width, Reg dst, Reg lhs,
                                Reg rhs, Operation shift, unsigned count) {
  const uint32_t insn = op == Operation::kAdd   ? encode::kAdd
                        : op == Operation::kSub ? encode::kSub
                        : op == Operation::kOr  ? encode::kOrr
                        : op == Operation::kAnd ? encode::kAnd
                                                : encode::kEor;
  const encode::Shift kind = shift == Operation::kLsh   ? encode::Shift::kLsl
                             : shift == Operation::kRsh ? encode::Shift::kLsr
                                                        : encode::Shift::kAsr;
  const unsigned rn = From(lhs);
  const unsigned rm = From(rhs);
  Emit(encode::Shifted(insn, width == 64, To(dst), rn, rm, kind, count));
}

/// The CPU's divisions give what eBPF wants where other CPUs trap: x / 0 = 0,
/// so that x - (x / 0) * 0 = x; the smallest number by -1 is itself.
void MacroAssembler::Divide(Operation op, unsigned width, Reg dst, Reg lhs,
                            Reg rhs, bool /*non_zero*/) {
  const bool wide = width == 64;
  const bool is_signed = op == Operation::kSDiv || op == Operation::kSMod;
  const uint32_t insn = is_signed ? encode::kSdiv : encode::kUdiv;
  const unsigned rn = From(lhs);
  const unsigned rm = From(rhs);
  if (op == Operation::kDiv || op == Operation::kSDiv) {
    Emit(encode::ThreeRegs(insn, wide, To(dst), rn, rm));
    return;
  }
  Emit(encode::ThreeRegs(insn, wide, kScratchImm, rn, rm),
       encode::Msub(wide, To(dst), kScratchImm, rm, rn));
}

void MacroAssembler::MultiplyHigh(Reg dst, Reg lhs, Reg rhs) {
  const unsigned rn = From(lhs);
  const unsigned rm = From(rhs);
  Emit(encode::Umulh(To(dst), rn, rm));
}

void MacroAssembler::Negate(unsigned width, Reg dst, Reg src) {
  const unsigned rm = From(src);
  Emit(encode::ThreeRegs(encode::kSub, width == 64, To(dst), kZero, rm));
}

void MacroAssembler::ByteSwap(unsigned bits, Reg dst, Reg src) {
  const unsigned rn = From(src);
  const unsigned rd = To(dst);
  if (bits == 16) {
    Emit(encode::Rev16(false, rd, rn), encode::Ubfm(false, rd, rd, 0, 15));
  } else {
    Emit(encode::Rev(bits == 64, rd, rn));
  }
}

void MacroAssembler::ZeroExtend(unsigned bits, Reg dst, Reg src) {
  if (bits == 32) {
    Mov(32, dst, src);
    return;
  }
  const unsigned rn = From(src);
  Emit(encode::Ubfm(false, To(dst), rn, 0, bits - 1));
}

void MacroAssembler::SignExtend(unsigned bits, unsigned width, Reg dst,
                                Reg src) {
  const unsigned rn = From(src);
  Emit(encode::Sbfm(width == 64, To(dst), rn, 0, bits - 1));
}

void MacroAssembler::RotateLeft(unsigned width, Reg dst, Reg src,
                                unsigned count) {
  const unsigned rn = From(src);
  Emit(encode::Extr(width == 64, To(dst), rn, rn, width - count));
}

void MacroAssembler::ExtractBits(Reg dst, Reg src, unsigned shift,
                                 unsigned count) {
  if (count == 0) {
    EmitConstant(To(dst), 0);
    return;
  }
  const unsigned rn = From(src);
  const unsigned last = shift + count - 1 < 63 ? shift + count - 1 : 63;
  Emit(encode::Ubfm(true, To(dst), rn, shift, last));
}

// Comparisons.

bool MacroAssembler::FlagsAre(uint64_t key) {
  const bool hit = flags_end_ == buffer_.size() && flags_key_ == key;
  flags_key_ = key;
  return hit;
}

namespace {

/// What a comparison is of, never 0.
uint64_t FlagsKey(bool test, bool wide, machine::Reg lhs, machine::Reg rhs,
                  int64_t imm) {
  return static_cast<uint64_t>(imm) << 32 | uint64_t{lhs} << 16 |
         uint64_t{rhs} << 8 | uint64_t{test} << 1 | uint64_t{wide} << 2 | 1;
}

}  // namespace

Condition MacroAssembler::Compare(Operation op, unsigned width, Reg lhs,
                                  Operand rhs) {
  // From kEq to kSLe in isa::Operation's order.
  static constexpr Condition kConditions[] = {
      Condition::kEq, Condition::kHi, Condition::kHs, Condition::kNe,
      Condition::kNe, Condition::kGt, Condition::kGe, Condition::kLo,
      Condition::kLs, Condition::kLt, Condition::kLe};
  const bool wide = width == 64;
  if (rhs.is_imm()) {
    op = CompareImm(op, wide, lhs, rhs.imm);
  } else {
    const bool test = op == Operation::kSet;
    const unsigned rn = From(lhs);
    const unsigned rm = From(rhs.reg);
    if (!FlagsAre(FlagsKey(test, wide, lhs, rhs.reg, 0))) {
      Emit(encode::ThreeRegs(test ? encode::kAnds : encode::kSubs, wide, kZero,
                             rn, rm));
    }
  }
  return kConditions[static_cast<unsigned>(op) -
                     static_cast<unsigned>(Operation::kEq)];
}

/// Returns the condition that holds if `op` does.
isa::Operation MacroAssembler::CompareImm(Operation op, bool wide, Reg lhs,
                                          int32_t imm) {
  if (op == Operation::kSet) {
    TestImm(wide, lhs, imm);
    return op;
  }
  // What is no immediate may be so next to one: x > 4095 is x >= 4096. The
  // largest and the smallest number never get here.
  int64_t value = imm;
  Operation same = op;
  if (!IsAddImm(Magnitude(value))) {
    int step = 0;
    switch (op) {
      case Operation::kGt:
        same = Operation::kGe;
        step = 1;
        break;
      case Operation::kLe:
        same = Operation::kLt;
        step = 1;
        break;
      case Operation::kSGt:
        same = Operation::kSGe;
        step = 1;
        break;
      case Operation::kSLe:
        same = Operation::kSLt;
        step = 1;
        break;
      case Operation::kGe:
        same = Operation::kGt;
        step = -1;
        break;
      case Operation::kLt:
        same = Operation::kLe;
        step = -1;
        break;
      case Operation::kSGe:
        same = Operation::kSGt;
        step = -1;
        break;
      case Operation::kSLt:
        same = Operation::kSLe;
        step = -1;
        break;
      default:
        break;
    }
    if (IsAddImm(Magnitude(value + step))) {
      value += step;
      op = same;
    }
  }
  const unsigned rn = From(lhs);
  if (FlagsAre(FlagsKey(false, wide, lhs, kNoReg, value))) {
    return op;
  }
  const uint64_t magnitude = Magnitude(value);
  if (IsAddImm(magnitude)) {
    Emit(AddSub(value < 0 ? encode::kAddsImm : encode::kSubsImm, wide, kZero,
                rn, magnitude));
  } else {
    CompareLongImm(op, wide, rn, value);
  }
  return op;
}

void MacroAssembler::CompareLongImm(Operation op, bool wide, unsigned rn,
                                    int64_t imm) {
  const uint64_t magnitude = Magnitude(imm);
  const bool equality = op == Operation::kEq || op == Operation::kNe;
  if (equality && magnitude < 1u << 24) {
    flags_key_ = 0;  // good for equality only
    Emit(AddSub(imm < 0 ? encode::kAddImm : encode::kSubImm, wide, kScratchImm,
                rn, magnitude & 0xfff000),
         AddSub(imm < 0 ? encode::kAddsImm : encode::kSubsImm, wide, kZero,
                kScratchImm, magnitude & 0xfff));
    return;
  }
  EmitConstant(kScratchImm,
               wide ? static_cast<uint64_t>(imm) : static_cast<uint32_t>(imm));
  Emit(encode::ThreeRegs(encode::kSubs, wide, kZero, rn, kScratchImm));
}

void MacroAssembler::TestImm(bool wide, Reg lhs, int32_t imm) {
  const unsigned rn = From(lhs);
  if (FlagsAre(FlagsKey(true, wide, lhs, kNoReg, imm))) {
    return;
  }
  const auto mask = encode::EncodeBitmask(Spread(wide, imm));
  if (mask.valid) {
    Emit(encode::LogicalImm(encode::kAndsImm, wide, kZero, rn, mask.bits));
    return;
  }
  EmitConstant(kScratchImm, wide ? static_cast<uint64_t>(int64_t{imm})
                                 : static_cast<uint32_t>(imm));
  Emit(encode::ThreeRegs(encode::kAnds, wide, kZero, rn, kScratchImm));
}

uint32_t MacroAssembler::TestAndBranch(Operation op, unsigned width,
                                       unsigned rn, int32_t imm) {
  const bool wide = width == 64;
  const unsigned sign = width - 1;
  switch (op) {
    case Operation::kEq:
    case Operation::kLe:
      return imm == 0 ? encode::Cbz(wide, false, rn) : 0;
    case Operation::kNe:
    case Operation::kGt:
      return imm == 0 ? encode::Cbz(wide, true, rn) : 0;
    case Operation::kLt:
      return imm == 1 ? encode::Cbz(wide, false, rn) : 0;
    case Operation::kGe:
      return imm == 1 ? encode::Cbz(wide, true, rn) : 0;
    case Operation::kSLt:
      return imm == 0 ? encode::Tbz(true, rn, sign) : 0;
    case Operation::kSLe:
      return imm == -1 ? encode::Tbz(true, rn, sign) : 0;
    case Operation::kSGe:
      return imm == 0 ? encode::Tbz(false, rn, sign) : 0;
    case Operation::kSGt:
      return imm == -1 ? encode::Tbz(false, rn, sign) : 0;
    case Operation::kSet: {
      const uint64_t bits = wide ? static_cast<uint64_t>(int64_t{imm})
                                 : static_cast<uint32_t>(imm);
      if (IsPowerOfTwo(bits)) {
        return encode::Tbz(true, rn, BitWidth(bits) - 1);
      }
      return imm == -1 ? encode::Cbz(wide, true, rn) : 0;
    }
    default:
      return 0;
  }
}

void MacroAssembler::MoveIf(Operation condition, unsigned width, Reg lhs,
                            Operand rhs, Reg dst, Reg src) {
  const Condition if_so = Compare(condition, width, lhs, rhs);
  const unsigned rn = From(src);
  Emit(encode::Csel(To(dst), rn, To(dst), if_so));
}

}  // namespace ebpf::aarch64
