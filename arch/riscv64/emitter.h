// SPDX-License-Identifier: MIT
//
// Appends RISC-V instructions, each in its shortest form.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arch/riscv64/encoder.h"
#include "core/machine/code_buffer.h"

namespace ebpf::riscv64 {

/// Registers are the CPU's here. Context: any.
class Emitter {
 public:
  explicit Emitter(machine::CodeBuffer& buffer) : buffer_(buffer) {}

  size_t size() const { return buffer_.size(); }

  void Half(uint32_t insn) { buffer_.Append(insn, 2); }
  void Word(uint32_t insn) { buffer_.Append(insn, 4); }

  /// rd = rs1 <insn> rs2, for what has no shorter form.
  void Regs(uint32_t insn, unsigned rd, unsigned rs1, unsigned rs2) {
    Word(encode::Regs(insn, rd, rs1, rs2));
  }

  /// ... for what has `compressed`, for x8..x15 and rd == rs1.
  void ShortRegs(uint32_t insn, uint32_t compressed, unsigned rd, unsigned rs1,
                 unsigned rs2) {
    if (rd == rs1 && encode::IsShort(rd) && encode::IsShort(rs2)) {
      Half(encode::ShortRegs(compressed, rd, rs2));
    } else {
      Regs(insn, rd, rs1, rs2);
    }
  }
  /// ... and does not mind the order.
  void Commuting(uint32_t insn, uint32_t compressed, unsigned rd, unsigned rs1,
                 unsigned rs2) {
    if (rd == rs2) {
      ShortRegs(insn, compressed, rd, rs2, rs1);
    } else {
      ShortRegs(insn, compressed, rd, rs1, rs2);
    }
  }
  void And(unsigned rd, unsigned rs1, unsigned rs2) {
    Commuting(encode::kAnd, encode::kCAnd, rd, rs1, rs2);
  }
  void Or(unsigned rd, unsigned rs1, unsigned rs2) {
    Commuting(encode::kOr, encode::kCOr, rd, rs1, rs2);
  }
  void Sub(unsigned rd, unsigned rs1, unsigned rs2) {
    ShortRegs(encode::kSub, encode::kCSub, rd, rs1, rs2);
  }
  void Subw(unsigned rd, unsigned rs1, unsigned rs2) {
    ShortRegs(encode::kSubw, encode::kCSubw, rd, rs1, rs2);
  }

  /// Precondition: no operand is x0.
  void Add(unsigned rd, unsigned rs1, unsigned rs2) {
    if (rd == rs1) {
      Half(encode::TwoRegs(encode::kCAdd, rd, rs2));
    } else if (rd == rs2) {
      Half(encode::TwoRegs(encode::kCAdd, rd, rs1));
    } else {
      Regs(encode::kAdd, rd, rs1, rs2);
    }
  }

  /// Nothing where both are the same. Precondition: rs is not x0.
  void Move(unsigned rd, unsigned rs) {
    if (rd != rs) {
      Half(encode::TwoRegs(encode::kCMv, rd, rs));
    }
  }

  /// rd = rs <insn> imm, of twelve bits, for what has no shorter form.
  void Imm(uint32_t insn, unsigned rd, unsigned rs, int64_t imm) {
    Word(encode::Imm(insn, rd, rs, imm));
  }

  /// imm of twelve bits. Precondition: rs is not x0.
  void AddImm(unsigned rd, unsigned rs, int64_t imm) {
    if (imm == 0) {
      Move(rd, rs);
    } else if (rd == rs && encode::Fits(imm, 6)) {
      Half(encode::ShortImm(encode::kCAddi, rd, imm));
    } else if (rs == encode::kSp) {
      AddToSp(rd, imm);
    } else {
      Imm(encode::kAddi, rd, rs, imm);
    }
  }
  void AddImmW(unsigned rd, unsigned rs, int64_t imm) {
    if (rd == rs && encode::Fits(imm, 6)) {
      Half(encode::ShortImm(encode::kCAddiw, rd, imm));
    } else {
      Imm(encode::kAddiw, rd, rs, imm);
    }
  }
  void AndImm(unsigned rd, unsigned rs, int64_t imm) {
    if (rd == rs && encode::IsShort(rd) && encode::Fits(imm, 6)) {
      Half(encode::ShortImm(encode::kCAndi, rd - 8, imm));
    } else {
      Imm(encode::kAndi, rd, rs, imm);
    }
  }

  /// 0 < count < 64.
  void ShiftLeft(unsigned rd, unsigned rs, unsigned count) {
    if (rd == rs) {
      Half(encode::ShortImm(encode::kCSlli, rd, count));
    } else {
      Imm(encode::kSlli, rd, rs, count);
    }
  }
  void ShiftRight(unsigned rd, unsigned rs, unsigned count) {
    ShiftRightBy(encode::kSrli, encode::kCSrli, rd, rs, count);
  }
  void ShiftRightSigned(unsigned rd, unsigned rs, unsigned count) {
    ShiftRightBy(encode::kSrai, encode::kCSrai, rd, rs, count);
  }

  /// rd = value, which a signed word holds.
  void Constant32(unsigned rd, int64_t value) {
    if (encode::Fits(value, 6)) {
      Half(encode::ShortImm(encode::kCLi, rd, value));
    } else if (encode::Fits(value, 12)) {
      Imm(encode::kAddi, rd, encode::kZero, value);
    } else {
      UpperAndLower(rd, value);
    }
  }
  void UpperAndLower(unsigned rd, int64_t value);
  /// rd = value, 64 bits.
  void Constant64(unsigned rd, int64_t value);
  /// Instructions that it takes.
  static unsigned ConstantLength(int64_t value);

  /// offset of twelve bits.
  void Load(uint32_t insn, unsigned rd, unsigned base, int64_t offset);
  void Store(uint32_t insn, unsigned rs, unsigned base, int64_t offset);

 private:
  void AddToSp(unsigned rd, int64_t imm);
  void ShiftRightBy(uint32_t insn, uint32_t compressed, unsigned rd,
                    unsigned rs, unsigned count) {
    if (rd == rs && encode::IsShort(rd)) {
      Half(encode::ShortImm(compressed, rd - 8, count));
    } else {
      Imm(insn, rd, rs, count);
    }
  }

  machine::CodeBuffer& buffer_;
};

inline void Emitter::Load(uint32_t insn, unsigned rd, unsigned base,
                          int64_t offset) {
  using namespace encode;
  const auto at = static_cast<uint64_t>(offset);
  if (IsShort(rd) && IsShort(base)) {
    if (insn == kLd && (at & ~uint64_t{0xf8}) == 0) {
      Half(encode::ShortDouble(kCLd, rd, base, offset));
      return;
    }
    if (insn == kLw && (at & ~uint64_t{0x7c}) == 0) {
      Half(encode::ShortWord(kCLw, rd, base, offset));
      return;
    }
  } else if (base == encode::kSp && insn == kLd &&
             (at & ~uint64_t{0x1f8}) == 0) {
    Half(CLdsp(rd, offset));
    return;
  }
  Imm(insn, rd, base, offset);
}

inline void Emitter::Store(uint32_t insn, unsigned rs, unsigned base,
                           int64_t offset) {
  using namespace encode;
  const auto at = static_cast<uint64_t>(offset);
  if (IsShort(rs) && IsShort(base)) {
    if (insn == kSd && (at & ~uint64_t{0xf8}) == 0) {
      Half(encode::ShortDouble(kCSd, rs, base, offset));
      return;
    }
    if (insn == kSw && (at & ~uint64_t{0x7c}) == 0) {
      Half(encode::ShortWord(kCSw, rs, base, offset));
      return;
    }
  } else if (base == encode::kSp && insn == kSd &&
             (at & ~uint64_t{0x1f8}) == 0) {
    Half(CSdsp(rs, offset));
    return;
  }
  Word(encode::StoreTo(insn, rs, base, offset));
}

}  // namespace ebpf::riscv64
