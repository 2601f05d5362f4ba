// SPDX-License-Identifier: MIT
//
// Fields and immediates of RISC-V instructions, both sizes.
// [riscv/unpriv: RV32/64G Instruction Set Listings; C]
#pragma once

#include <stdint.h>

#include "core/base/bits.h"

namespace ebpf::riscv64 {

/// `count` bits of `word` from `low` on.
constexpr uint32_t Field(uint32_t word, unsigned low, unsigned count) {
  return word >> low & ((1u << count) - 1);
}

/// The length of the instruction whose first half is `half`: 2 or 4; 0 for the
/// longer ones, which nobody has defined yet.
constexpr unsigned InsnSize(uint16_t half) {
  if ((half & 3) != 3) {
    return 2;
  }
  return (half & 0x1c) != 0x1c ? 4 : 0;
}

// Major opcodes of 4-byte instructions.
inline constexpr uint32_t kOpLoad = 0x03;
inline constexpr uint32_t kOpMiscMem = 0x0f;
inline constexpr uint32_t kOpImm = 0x13;
inline constexpr uint32_t kOpAuipc = 0x17;
inline constexpr uint32_t kOpStore = 0x23;
inline constexpr uint32_t kOpAmo = 0x2f;
inline constexpr uint32_t kOpLui = 0x37;
inline constexpr uint32_t kOpBranch = 0x63;
inline constexpr uint32_t kOpJalr = 0x67;
inline constexpr uint32_t kOpJal = 0x6f;
inline constexpr uint32_t kOpSystem = 0x73;
// A CPU's maker decides what these are, and some made them branches.
inline constexpr uint32_t kOpCustom0 = 0x0b;
inline constexpr uint32_t kOpCustom1 = 0x2b;
inline constexpr uint32_t kOpCustom2 = 0x5b;
inline constexpr uint32_t kOpReserved = 0x6b;
inline constexpr uint32_t kOpCustom3 = 0x7b;

constexpr uint32_t Opcode(uint32_t w) { return Field(w, 0, 7); }
constexpr unsigned Rd(uint32_t w) { return Field(w, 7, 5); }
constexpr unsigned Funct3(uint32_t w) { return Field(w, 12, 3); }
constexpr unsigned Rs1(uint32_t w) { return Field(w, 15, 5); }
constexpr unsigned Rs2(uint32_t w) { return Field(w, 20, 5); }
constexpr unsigned Funct5(uint32_t w) { return Field(w, 27, 5); }

constexpr int64_t ImmI(uint32_t w) { return SignExtend(Field(w, 20, 12), 12); }
constexpr int64_t ImmS(uint32_t w) {
  return SignExtend(Field(w, 25, 7) << 5 | Field(w, 7, 5), 12);
}
constexpr int64_t ImmU(uint32_t w) {
  return static_cast<int32_t>(w & 0xfffff000);
}
constexpr int64_t ImmB(uint32_t w) {
  return SignExtend(Field(w, 31, 1) << 12 | Field(w, 7, 1) << 11 |
                        Field(w, 25, 6) << 5 | Field(w, 8, 4) << 1,
                    13);
}
constexpr int64_t ImmJ(uint32_t w) {
  return SignExtend(Field(w, 31, 1) << 20 | Field(w, 12, 8) << 12 |
                        Field(w, 20, 1) << 11 | Field(w, 21, 10) << 1,
                    21);
}

// Compressed instructions: quadrant and funct3 in one number, 8 * quadrant + f.
constexpr unsigned CompressedOpcode(uint16_t h) {
  return Field(h, 0, 2) << 3 | Field(h, 13, 3);
}
inline constexpr unsigned kCAddi4spn = 0 << 3 | 0;
inline constexpr unsigned kCAddi = 1 << 3 | 0;
inline constexpr unsigned kCLi = 1 << 3 | 2;
inline constexpr unsigned kCLui = 1 << 3 | 3;  // and c.addi16sp
inline constexpr unsigned kCJ = 1 << 3 | 5;
inline constexpr unsigned kCBeqz = 1 << 3 | 6;
inline constexpr unsigned kCBnez = 1 << 3 | 7;
inline constexpr unsigned kCLdsp = 2 << 3 | 3;
inline constexpr unsigned kCJumpOrMove = 2 << 3 | 4;
inline constexpr unsigned kCSdsp = 2 << 3 | 7;

constexpr unsigned CRd(uint16_t h) { return Field(h, 7, 5); }
constexpr unsigned CRs2(uint16_t h) { return Field(h, 2, 5); }
/// The three-bit register fields name x8 to x15.
constexpr unsigned CRs1Short(uint16_t h) { return Field(h, 7, 3) + 8; }
constexpr unsigned CRdShort(uint16_t h) { return Field(h, 2, 3) + 8; }

constexpr int64_t CImm6(uint16_t h) {
  return SignExtend(Field(h, 12, 1) << 5 | Field(h, 2, 5), 6);
}
constexpr int64_t CImmAddi4spn(uint16_t h) {
  return Field(h, 7, 4) << 6 | Field(h, 11, 2) << 4 | Field(h, 5, 1) << 3 |
         Field(h, 6, 1) << 2;
}
constexpr int64_t CImmAddi16sp(uint16_t h) {
  return SignExtend(Field(h, 12, 1) << 9 | Field(h, 3, 2) << 7 |
                        Field(h, 5, 1) << 6 | Field(h, 2, 1) << 5 |
                        Field(h, 6, 1) << 4,
                    10);
}
constexpr int64_t CImmLdsp(uint16_t h) {
  return Field(h, 2, 3) << 6 | Field(h, 12, 1) << 5 | Field(h, 5, 2) << 3;
}
constexpr int64_t CImmSdsp(uint16_t h) {
  return Field(h, 7, 3) << 6 | Field(h, 10, 3) << 3;
}
constexpr int64_t CImmJ(uint16_t h) {
  return SignExtend(Field(h, 12, 1) << 11 | Field(h, 8, 1) << 10 |
                        Field(h, 9, 2) << 8 | Field(h, 6, 1) << 7 |
                        Field(h, 7, 1) << 6 | Field(h, 2, 1) << 5 |
                        Field(h, 11, 1) << 4 | Field(h, 3, 3) << 1,
                    12);
}
constexpr int64_t CImmB(uint16_t h) {
  return SignExtend(Field(h, 12, 1) << 8 | Field(h, 5, 2) << 6 |
                        Field(h, 2, 1) << 5 | Field(h, 10, 2) << 3 |
                        Field(h, 3, 2) << 1,
                    9);
}

}  // namespace ebpf::riscv64
