// SPDX-License-Identifier: MIT
//
// RISC-V's instructions as numbers: fields to encodings, and nothing else.
// [riscv/unpriv: RV32/64G Instruction Set Listings; C; Zba; Zbb]
#pragma once

#include <stdint.h>

#include "arch/riscv64/insn_fields.h"

namespace ebpf::riscv64::encode {

// Registers by the names of the calling convention.
inline constexpr unsigned kZero = 0;
inline constexpr unsigned kRa = 1;
inline constexpr unsigned kSp = 2;
inline constexpr unsigned kT1 = 6;
inline constexpr unsigned kT2 = 7;
inline constexpr unsigned kS0 = 8;
inline constexpr unsigned kS1 = 9;
inline constexpr unsigned kA0 = 10;
inline constexpr unsigned kA1 = 11;
inline constexpr unsigned kA2 = 12;
inline constexpr unsigned kA3 = 13;
inline constexpr unsigned kA4 = 14;
inline constexpr unsigned kA5 = 15;
inline constexpr unsigned kS2 = 18;
inline constexpr unsigned kS3 = 19;
inline constexpr unsigned kS4 = 20;
inline constexpr unsigned kS5 = 21;
inline constexpr unsigned kS6 = 22;
inline constexpr unsigned kT3 = 28;
inline constexpr unsigned kT4 = 29;
inline constexpr unsigned kT5 = 30;
inline constexpr unsigned kT6 = 31;

/// Whether the three-bit fields of compressed instructions can name `reg`.
constexpr bool IsShort(unsigned reg) { return (reg & ~7u) == 8; }

/// Whether `value` fits a signed field of `bits`.
constexpr bool Fits(int64_t value, unsigned bits) {
  const int64_t limit = int64_t{1} << (bits - 1);
  return value >= -limit && value < limit;
}

/// `count` bits of `value` from `from` on, at `to`.
constexpr uint32_t Bits(int64_t value, unsigned from, unsigned count,
                        unsigned to) {
  return (static_cast<uint32_t>(value >> from) & ((1u << count) - 1)) << to;
}

// Three registers: these with Regs.

constexpr uint32_t OpReg(uint32_t funct7, uint32_t funct3, bool word) {
  return funct7 << 25 | funct3 << 12 | (word ? 0x3b : 0x33);
}
inline constexpr uint32_t kAdd = OpReg(0, 0, false);
inline constexpr uint32_t kSub = OpReg(0x20, 0, false);
inline constexpr uint32_t kSll = OpReg(0, 1, false);
inline constexpr uint32_t kSlt = OpReg(0, 2, false);
inline constexpr uint32_t kSltu = OpReg(0, 3, false);
inline constexpr uint32_t kXor = OpReg(0, 4, false);
inline constexpr uint32_t kSrl = OpReg(0, 5, false);
inline constexpr uint32_t kSra = OpReg(0x20, 5, false);
inline constexpr uint32_t kOr = OpReg(0, 6, false);
inline constexpr uint32_t kAnd = OpReg(0, 7, false);
inline constexpr uint32_t kMul = OpReg(1, 0, false);
inline constexpr uint32_t kMulhu = OpReg(1, 3, false);
inline constexpr uint32_t kDiv = OpReg(1, 4, false);
inline constexpr uint32_t kDivu = OpReg(1, 5, false);
inline constexpr uint32_t kRem = OpReg(1, 6, false);
inline constexpr uint32_t kRemu = OpReg(1, 7, false);
inline constexpr uint32_t kAddw = OpReg(0, 0, true);
inline constexpr uint32_t kSubw = OpReg(0x20, 0, true);
inline constexpr uint32_t kSllw = OpReg(0, 1, true);
inline constexpr uint32_t kSrlw = OpReg(0, 5, true);
inline constexpr uint32_t kSraw = OpReg(0x20, 5, true);
inline constexpr uint32_t kMulw = OpReg(1, 0, true);
inline constexpr uint32_t kDivw = OpReg(1, 4, true);
inline constexpr uint32_t kDivuw = OpReg(1, 5, true);
inline constexpr uint32_t kRemw = OpReg(1, 6, true);
inline constexpr uint32_t kRemuw = OpReg(1, 7, true);
// Zba: rd = (rs1 << n) + rs2; kAddUw takes rs1's low half.
inline constexpr uint32_t kSh1Add = OpReg(0x10, 2, false);
inline constexpr uint32_t kSh2Add = OpReg(0x10, 4, false);
inline constexpr uint32_t kSh3Add = OpReg(0x10, 6, false);
inline constexpr uint32_t kAddUw = OpReg(4, 0, true);

constexpr uint32_t Regs(uint32_t insn, unsigned rd, unsigned rs1,
                        unsigned rs2) {
  return insn | rd << 7 | rs1 << 15 | rs2 << 20;
}

// A register and twelve bits: these with Imm.

constexpr uint32_t OpImm(uint32_t funct3, bool word) {
  return funct3 << 12 | (word ? 0x1b : kOpImm);
}
inline constexpr uint32_t kAddi = OpImm(0, false);
inline constexpr uint32_t kXori = OpImm(4, false);
inline constexpr uint32_t kOri = OpImm(6, false);
inline constexpr uint32_t kAndi = OpImm(7, false);
inline constexpr uint32_t kAddiw = OpImm(0, true);
inline constexpr uint32_t kJalr = kOpJalr;
inline constexpr uint32_t kLb = 0 << 12 | kOpLoad;
inline constexpr uint32_t kLh = 1 << 12 | kOpLoad;
inline constexpr uint32_t kLw = 2 << 12 | kOpLoad;
inline constexpr uint32_t kLd = 3 << 12 | kOpLoad;
inline constexpr uint32_t kLbu = 4 << 12 | kOpLoad;
inline constexpr uint32_t kLhu = 5 << 12 | kOpLoad;
inline constexpr uint32_t kLwu = 6 << 12 | kOpLoad;

constexpr uint32_t Imm(uint32_t insn, unsigned rd, unsigned rs1, int64_t imm) {
  return insn | rd << 7 | rs1 << 15 | Bits(imm, 0, 12, 20);
}

// A count: these with Imm as well. Those with a width of 32 count to 31.
inline constexpr uint32_t kSlli = OpImm(1, false);
inline constexpr uint32_t kSrli = OpImm(5, false);
inline constexpr uint32_t kSrai = OpImm(5, false) | 0x40000000;
inline constexpr uint32_t kSlliw = OpImm(1, true);
inline constexpr uint32_t kSrliw = OpImm(5, true);
inline constexpr uint32_t kSraiw = OpImm(5, true) | 0x40000000;
// Zbb.
inline constexpr uint32_t kRori = OpImm(5, false) | 0x60000000;
inline constexpr uint32_t kRoriw = OpImm(5, true) | 0x60000000;
// Zbb, of one register: the count is part of it.
inline constexpr uint32_t kSextB = OpImm(1, false) | 0x60400000;
inline constexpr uint32_t kSextH = OpImm(1, false) | 0x60500000;
inline constexpr uint32_t kRev8 = OpImm(5, false) | 0x6b800000;
inline constexpr uint32_t kZextH = 0x0800403b;

// Stores: these with StoreTo.
inline constexpr uint32_t kSb = 0 << 12 | kOpStore;
inline constexpr uint32_t kSh = 1 << 12 | kOpStore;
inline constexpr uint32_t kSw = 2 << 12 | kOpStore;
inline constexpr uint32_t kSd = 3 << 12 | kOpStore;

constexpr uint32_t StoreTo(uint32_t insn, unsigned rs2, unsigned rs1,
                           int64_t offset) {
  return insn | rs1 << 15 | rs2 << 20 | Bits(offset, 0, 5, 7) |
         Bits(offset, 5, 7, 25);
}

/// `imm` is the upper twenty bits.
constexpr uint32_t Lui(unsigned rd, int64_t imm) {
  return kOpLui | rd << 7 | Bits(imm, 0, 20, 12);
}
constexpr uint32_t Auipc(unsigned rd, int64_t imm) {
  return kOpAuipc | rd << 7 | Bits(imm, 0, 20, 12);
}

// Jumps. An odd condition is the opposite of the even one before it.

enum Condition : uint32_t {
  kBeq = 0,
  kBne = 1,
  kBlt = 4,
  kBge = 5,
  kBltu = 6,
  kBgeu = 7,
};

constexpr uint32_t BranchBits(int64_t distance) {
  return Bits(distance, 12, 1, 31) | Bits(distance, 5, 6, 25) |
         Bits(distance, 1, 4, 8) | Bits(distance, 11, 1, 7);
}
constexpr uint32_t Branch(uint32_t condition, unsigned rs1, unsigned rs2,
                          int64_t distance) {
  return kOpBranch | condition << 12 | rs1 << 15 | rs2 << 20 |
         BranchBits(distance);
}
constexpr uint32_t JalBits(int64_t distance) {
  return Bits(distance, 20, 1, 31) | Bits(distance, 1, 10, 21) |
         Bits(distance, 11, 1, 20) | Bits(distance, 12, 8, 12);
}
constexpr uint32_t Jal(unsigned rd, int64_t distance) {
  return kOpJal | rd << 7 | JalBits(distance);
}

// Atomics: these with Atomic. kOrdered: with both aq and rl.
constexpr uint32_t Amo(uint32_t funct5) { return funct5 << 27 | kOpAmo; }
inline constexpr uint32_t kAmoAdd = Amo(0);
inline constexpr uint32_t kAmoSwap = Amo(1);
inline constexpr uint32_t kLr = Amo(2);
inline constexpr uint32_t kSc = Amo(3);
inline constexpr uint32_t kAmoXor = Amo(4);
inline constexpr uint32_t kAmoOr = Amo(8);
inline constexpr uint32_t kAmoAnd = Amo(12);
inline constexpr uint32_t kAcquire = 1 << 26;
inline constexpr uint32_t kRelease = 1 << 25;
inline constexpr uint32_t kOrdered = kAcquire | kRelease;

/// `address` holds it, `value` is what is combined; rd = what was there.
constexpr uint32_t Atomic(uint32_t insn, bool wide, unsigned rd,
                          unsigned address, unsigned value) {
  return Regs(insn, rd, address, value) | (wide ? 3u : 2u) << 12;
}

/// What must come before, what after: kFenceRead and kFenceWrite.
inline constexpr uint32_t kFenceRead = 2;
inline constexpr uint32_t kFenceWrite = 1;
constexpr uint32_t Fence(uint32_t before, uint32_t after) {
  return kOpMiscMem | before << 24 | after << 20;
}

// Compressed instructions.

/// Opcodes as of insn_fields.h.
constexpr uint32_t Quadrant(unsigned opcode) {
  return opcode >> 3 | (opcode & 7) << 13;
}
/// A register and six bits.
constexpr uint32_t ShortImm(uint32_t insn, unsigned rd, int64_t imm) {
  return insn | rd << 7 | Bits(imm, 5, 1, 12) | Bits(imm, 0, 5, 2);
}
inline constexpr uint32_t kCAddi = Quadrant(riscv64::kCAddi);
inline constexpr uint32_t kCAddiw = Quadrant(1 << 3 | 1);
inline constexpr uint32_t kCLi = Quadrant(riscv64::kCLi);
inline constexpr uint32_t kCLui = Quadrant(riscv64::kCLui);
inline constexpr uint32_t kCSlli = Quadrant(2 << 3 | 0);
// These of x8..x15, whose numbers ShortImm wants less 8.
inline constexpr uint32_t kCSrli = 0x8001;
inline constexpr uint32_t kCSrai = 0x8401;
inline constexpr uint32_t kCAndi = 0x8801;

// rd' = rd' <op> rs2', both of x8..x15: these with ShortRegs.
inline constexpr uint32_t kCSub = 0x8c01;
inline constexpr uint32_t kCXor = 0x8c21;
inline constexpr uint32_t kCOr = 0x8c41;
inline constexpr uint32_t kCAnd = 0x8c61;
inline constexpr uint32_t kCSubw = 0x9c01;
inline constexpr uint32_t kCAddw = 0x9c21;
constexpr uint32_t ShortRegs(uint32_t insn, unsigned rd, unsigned rs2) {
  return insn | (rd & 7) << 7 | (rs2 & 7) << 2;
}

// Two registers, any but x0: these with TwoRegs.
inline constexpr uint32_t kCMv = 0x8002;
inline constexpr uint32_t kCAdd = 0x9002;
constexpr uint32_t TwoRegs(uint32_t insn, unsigned rd, unsigned rs2) {
  return insn | rd << 7 | rs2 << 2;
}
constexpr uint32_t CJr(unsigned rs1) { return 0x8002 | rs1 << 7; }
constexpr uint32_t CJalr(unsigned rs1) { return 0x9002 | rs1 << 7; }

// Loads and stores. Offsets are multiples of the size.
inline constexpr uint32_t kCLw = 0x4000;
inline constexpr uint32_t kCLd = 0x6000;
inline constexpr uint32_t kCSw = 0xc000;
inline constexpr uint32_t kCSd = 0xe000;
constexpr uint32_t ShortWord(uint32_t insn, unsigned data, unsigned base,
                             int64_t offset) {
  return insn | (data & 7) << 2 | (base & 7) << 7 | Bits(offset, 3, 3, 10) |
         Bits(offset, 2, 1, 6) | Bits(offset, 6, 1, 5);
}
constexpr uint32_t ShortDouble(uint32_t insn, unsigned data, unsigned base,
                               int64_t offset) {
  return insn | (data & 7) << 2 | (base & 7) << 7 | Bits(offset, 3, 3, 10) |
         Bits(offset, 6, 2, 5);
}
constexpr uint32_t CLdsp(unsigned rd, int64_t offset) {
  return 0x6002 | rd << 7 | Bits(offset, 5, 1, 12) | Bits(offset, 3, 2, 5) |
         Bits(offset, 6, 3, 2);
}
constexpr uint32_t CSdsp(unsigned rs2, int64_t offset) {
  return 0xe002 | rs2 << 2 | Bits(offset, 3, 3, 10) | Bits(offset, 6, 3, 7);
}
constexpr uint32_t CAddi16sp(int64_t imm) {
  return 0x6101 | Bits(imm, 9, 1, 12) | Bits(imm, 4, 1, 6) |
         Bits(imm, 6, 1, 5) | Bits(imm, 7, 2, 3) | Bits(imm, 5, 1, 2);
}
constexpr uint32_t CAddi4spn(unsigned rd, int64_t imm) {
  return (rd & 7) << 2 | Bits(imm, 4, 2, 11) | Bits(imm, 6, 4, 7) |
         Bits(imm, 2, 1, 6) | Bits(imm, 3, 1, 5);
}

constexpr uint32_t ShortJumpBits(int64_t distance) {
  return Bits(distance, 11, 1, 12) | Bits(distance, 4, 1, 11) |
         Bits(distance, 8, 2, 9) | Bits(distance, 10, 1, 8) |
         Bits(distance, 6, 1, 7) | Bits(distance, 7, 1, 6) |
         Bits(distance, 1, 3, 3) | Bits(distance, 5, 1, 2);
}
constexpr uint32_t CJ(int64_t distance) {
  return Quadrant(kCJ) | ShortJumpBits(distance);
}
constexpr uint32_t ShortBranchBits(int64_t distance) {
  return Bits(distance, 8, 1, 12) | Bits(distance, 3, 2, 10) |
         Bits(distance, 6, 2, 5) | Bits(distance, 1, 2, 3) |
         Bits(distance, 5, 1, 2);
}
/// `not_zero`: c.bnez, else c.beqz.
constexpr uint32_t ShortBranch(bool not_zero, unsigned rs1, int64_t distance) {
  return Quadrant(not_zero ? kCBnez : kCBeqz) | (rs1 & 7) << 7 |
         ShortBranchBits(distance);
}

}  // namespace ebpf::riscv64::encode
