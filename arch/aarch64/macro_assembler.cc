// SPDX-License-Identifier: MIT
//
// What AArch64's macro assembler does less often, or in several instructions.
#include "arch/aarch64/macro_assembler.h"

namespace ebpf::aarch64 {

using encode::AddSub;
using encode::IsAddImm;
using encode::kZero;
using encode::Magnitude;
using encode::Spread;
using machine::kFramePointerReg;

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
    if (imm == fill) {
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
  if (first) {
    Emit(encode::MoveWide(fill == 0 ? encode::kMovz : encode::kMovn, true, rd,
                          0, 0));
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

}  // namespace ebpf::aarch64
