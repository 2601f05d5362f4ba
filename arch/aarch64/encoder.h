// SPDX-License-Identifier: MIT
//
// AArch64's instructions that the macro assembler uses, as 32-bit words.
#pragma once

#include <stdint.h>

#include "core/base/bits.h"

namespace ebpf::aarch64 {

/// [arm/arm: A64 base instructions, by each function's name]
///
/// Registers are 0..31, where 31 is sp or zero as the instruction has it.
/// `wide` is a 64-bit operation. Ranges of immediates are preconditions.
namespace encode {

inline constexpr unsigned kZero = 31;  // xzr, wzr
inline constexpr unsigned kSp = 31;

enum class Condition : uint8_t {
  kEq = 0,
  kNe = 1,
  kHs = 2,
  kLo = 3,
  kHi = 8,
  kLs = 9,
  kGe = 10,
  kLt = 11,
  kGt = 12,
  kLe = 13,
};

enum class Shift : uint8_t { kLsl = 0, kLsr = 1, kAsr = 2, kRor = 3 };

constexpr uint32_t Wide(bool wide) { return uint32_t{wide} << 31; }

// rd = rn op rm, and other instructions of three registers.
inline constexpr uint32_t kAdd = 0x0b000000;
inline constexpr uint32_t kSub = 0x4b000000;
inline constexpr uint32_t kSubs = 0x6b000000;
inline constexpr uint32_t kAnd = 0x0a000000;
inline constexpr uint32_t kAnds = 0x6a000000;
inline constexpr uint32_t kOrr = 0x2a000000;
inline constexpr uint32_t kOrn = 0x2a200000;
inline constexpr uint32_t kEor = 0x4a000000;
inline constexpr uint32_t kMul = 0x1b007c00;
inline constexpr uint32_t kUdiv = 0x1ac00800;
inline constexpr uint32_t kSdiv = 0x1ac00c00;
inline constexpr uint32_t kLslv = 0x1ac02000;
inline constexpr uint32_t kLsrv = 0x1ac02400;
inline constexpr uint32_t kAsrv = 0x1ac02800;

constexpr uint32_t ThreeRegs(uint32_t insn, bool wide, unsigned rd, unsigned rn,
                             unsigned rm) {
  return insn | Wide(wide) | rm << 16 | rn << 5 | rd;
}
/// kAdd to kEor with rm shifted.
constexpr uint32_t Shifted(uint32_t insn, bool wide, unsigned rd, unsigned rn,
                           unsigned rm, Shift shift, unsigned count) {
  return ThreeRegs(insn, wide, rd, rn, rm) |
         static_cast<uint32_t>(shift) << 22 | count << 10;
}
constexpr uint32_t Msub(bool wide, unsigned rd, unsigned rn, unsigned rm,
                        unsigned ra) {
  return ThreeRegs(0x1b008000, wide, rd, rn, rm) | ra << 10;
}
constexpr uint32_t Umulh(unsigned rd, unsigned rn, unsigned rm) {
  return ThreeRegs(0x1bc07c00, true, rd, rn, rm);
}
/// rd = rn + sign-extended w `rm`.
constexpr uint32_t AddSxtw(unsigned rd, unsigned rn, unsigned rm) {
  return ThreeRegs(0x0b20c000, true, rd, rn, rm);
}
constexpr uint32_t Csel(unsigned rd, unsigned rn, unsigned rm,
                        Condition condition) {
  return ThreeRegs(0x1a800000, true, rd, rn, rm) |
         static_cast<uint32_t>(condition) << 12;
}
/// rd = rm.
constexpr uint32_t Mov(bool wide, unsigned rd, unsigned rm) {
  return ThreeRegs(kOrr, wide, rd, kZero, rm);
}
/// The 64 or 32 bits from `count` on of rn:rm; a rotation when they are equal.
constexpr uint32_t Extr(bool wide, unsigned rd, unsigned rn, unsigned rm,
                        unsigned count) {
  return ThreeRegs(0x13800000 | uint32_t{wide} << 22, wide, rd, rn, rm) |
         count << 10;
}

// Two registers.
constexpr uint32_t Rev16(bool wide, unsigned rd, unsigned rn) {
  return 0x5ac00400 | Wide(wide) | rn << 5 | rd;
}
/// All bytes of the register.
constexpr uint32_t Rev(bool wide, unsigned rd, unsigned rn) {
  return 0x5ac00800 | Wide(wide) | uint32_t{wide} << 10 | rn << 5 | rd;
}
constexpr uint32_t Ubfm(bool wide, unsigned rd, unsigned rn, unsigned immr,
                        unsigned imms) {
  return 0x53000000 | Wide(wide) | uint32_t{wide} << 22 | immr << 16 |
         imms << 10 | rn << 5 | rd;
}
constexpr uint32_t Sbfm(bool wide, unsigned rd, unsigned rn, unsigned immr,
                        unsigned imms) {
  return Ubfm(wide, rd, rn, immr, imms) ^ 0x40000000;
}
constexpr uint32_t Lsl(bool wide, unsigned rd, unsigned rn, unsigned count) {
  const unsigned last = wide ? 63 : 31;
  return Ubfm(wide, rd, rn, (0 - count) & last, last - count);
}
constexpr uint32_t Lsr(bool wide, unsigned rd, unsigned rn, unsigned count) {
  return Ubfm(wide, rd, rn, count, wide ? 63 : 31);
}
constexpr uint32_t Asr(bool wide, unsigned rd, unsigned rn, unsigned count) {
  return Sbfm(wide, rd, rn, count, wide ? 63 : 31);
}

// Immediates.
/// ADD, SUB and SUBS of 12 bits, or of 12 bits shifted by 12. rd and rn may be
/// sp, rd of SUBS zero.
inline constexpr uint32_t kAddImm = 0x11000000;
inline constexpr uint32_t kSubImm = 0x51000000;
inline constexpr uint32_t kAddsImm = 0x31000000;
inline constexpr uint32_t kSubsImm = 0x71000000;
constexpr uint32_t AddSubImm(uint32_t insn, bool wide, unsigned rd, unsigned rn,
                             uint32_t imm12, bool shifted = false) {
  return insn | Wide(wide) | uint32_t{shifted} << 22 | imm12 << 10 | rn << 5 |
         rd;
}
/// `half` counts halfwords from the lowest.
inline constexpr uint32_t kMovn = 0x12800000;
inline constexpr uint32_t kMovz = 0x52800000;
inline constexpr uint32_t kMovk = 0x72800000;
constexpr uint32_t MoveWide(uint32_t insn, bool wide, unsigned rd,
                            uint32_t imm16, unsigned half) {
  return insn | Wide(wide) | half << 21 | imm16 << 5 | rd;
}

/// N:immr:imms of the logical instructions, at their place.
struct Bitmask {
  uint32_t bits;
  bool valid;
};

/// A mask is a power-of-two number of bits, repeated, in which the ones follow
/// each other, cyclically. Narrow masks are given twice: bits | bits << 32.
/// [arm/arm: DecodeBitMasks]
constexpr Bitmask EncodeBitmask(uint64_t value) {
  if (value == 0 || ~value == 0) {
    return {0, false};
  }
  // Rotate it so that ones begin at bit 0 and zeros end at bit 63.
  const uint64_t above_low_ones = value & (value + 1);
  const unsigned rotation =
      above_low_ones == 0 ? 0 : CountTrailingZeros(above_low_ones);
  const uint64_t turned = value >> rotation | value << ((64 - rotation) & 63);
  const auto zeros = CountLeadingZeros(turned);
  const auto ones = CountTrailingZeros(~turned);
  // If it repeats, it does so here; then `size` is a power of two.
  const unsigned size = zeros + ones;
  if (size != 64 && (value >> size | value << (64 - size)) != value) {
    return {0, false};
  }
  const uint32_t immr = (0 - rotation) & (size - 1);
  const uint32_t imms = ((0 - (size << 1)) | (ones - 1)) & 63;
  return {(size >> 6) << 22 | immr << 16 | imms << 10, true};
}

inline constexpr uint32_t kAndImm = 0x12000000;
inline constexpr uint32_t kOrrImm = 0x32000000;
inline constexpr uint32_t kEorImm = 0x52000000;
inline constexpr uint32_t kAndsImm = 0x72000000;
constexpr uint32_t LogicalImm(uint32_t insn, bool wide, unsigned rd,
                              unsigned rn, uint32_t bitmask) {
  return insn | Wide(wide) | bitmask | rn << 5 | rd;
}

// What immediates there are.
/// `value`, as a mask of 64 bits that does the same in `wide` or half of it.
constexpr uint64_t Spread(bool wide, int64_t value) {
  if (wide) {
    return static_cast<uint64_t>(value);
  }
  const uint64_t low = static_cast<uint32_t>(value);
  return low | low << 32;
}

constexpr uint64_t Magnitude(int64_t value) {
  return value < 0 ? 0 - static_cast<uint64_t>(value)
                   : static_cast<uint64_t>(value);
}

/// Whether ADD and CMP have it as an immediate.
constexpr bool IsAddImm(uint64_t magnitude) {
  return magnitude < 4096 || (magnitude < 1u << 24 && (magnitude & 0xfff) == 0);
}

/// ADD, CMP and so on: `insn` of the low 12 bits, or of the 12 above.
constexpr uint32_t AddSub(uint32_t insn, bool wide, unsigned rd, unsigned rn,
                          uint64_t magnitude) {
  const bool shifted = magnitude >= 4096;
  const auto imm = static_cast<uint32_t>(shifted ? magnitude >> 12 : magnitude);
  return AddSubImm(insn, wide, rd, rn, imm, shifted);
}

// Memory. `size` is log2 of the bytes.
inline constexpr uint32_t kStore = 0u << 22;
inline constexpr uint32_t kLoad = 1u << 22;
inline constexpr uint32_t kLoadSigned = 2u << 22;  // to 64 bits
/// `imm12` counts in units of the access.
constexpr uint32_t AccessScaled(uint32_t kind, unsigned size, unsigned rt,
                                unsigned rn, uint32_t imm12) {
  return 0x39000000 | kind | size << 30 | imm12 << 10 | rn << 5 | rt;
}
/// LDUR and STUR: -256..255 bytes.
constexpr uint32_t AccessUnscaled(uint32_t kind, unsigned size, unsigned rt,
                                  unsigned rn, int32_t imm9) {
  return 0x38000000 | kind | size << 30 |
         (static_cast<uint32_t>(imm9) & 0x1ff) << 12 | rn << 5 | rt;
}
/// [rn, rm] or, `scaled`, [rn, rm, lsl #size].
constexpr uint32_t AccessIndexed(uint32_t kind, unsigned size, unsigned rt,
                                 unsigned rn, unsigned rm, bool scaled) {
  return 0x38206800 | kind | size << 30 | rm << 16 | uint32_t{scaled} << 12 |
         rn << 5 | rt;
}
enum class PairMode : uint32_t {
  kOffset = 0x29000000,
  kPreIndex = 0x29800000,
  kPostIndex = 0x28800000,
};
/// `imm7` counts in units of a register.
constexpr uint32_t Pair(PairMode mode, uint32_t kind, bool wide, unsigned rt,
                        unsigned rt2, unsigned rn, int32_t imm7) {
  return static_cast<uint32_t>(mode) | kind | Wide(wide) |
         (static_cast<uint32_t>(imm7) & 0x7f) << 15 | rt2 << 10 | rn << 5 | rt;
}
/// Of 64 bits.
constexpr uint32_t StorePreIndex(unsigned rt, unsigned rn, int32_t imm9) {
  return 0xf8000c00 | (static_cast<uint32_t>(imm9) & 0x1ff) << 12 | rn << 5 |
         rt;
}
constexpr uint32_t LoadPostIndex(unsigned rt, unsigned rn, int32_t imm9) {
  return 0xf8400400 | (static_cast<uint32_t>(imm9) & 0x1ff) << 12 | rn << 5 |
         rt;
}

// Atomics.
constexpr uint32_t Ldxr(unsigned size, unsigned rt, unsigned rn) {
  return 0x085f7c00 | size << 30 | rn << 5 | rt;
}
/// ws is 0 when it was stored.
constexpr uint32_t Stxr(unsigned size, unsigned ws, unsigned rt, unsigned rn,
                        bool release) {
  return 0x08007c00 | size << 30 | ws << 16 | uint32_t{release} << 15 |
         rn << 5 | rt;
}
constexpr uint32_t Ldar(unsigned size, unsigned rt, unsigned rn) {
  return 0x08dffc00 | size << 30 | rn << 5 | rt;
}
constexpr uint32_t Stlr(unsigned size, unsigned rt, unsigned rn) {
  return 0x089ffc00 | size << 30 | rn << 5 | rt;
}
/// FEAT_LSE: rt = what is at rn, there = that <op> rs. rt zero: not asked for.
inline constexpr uint32_t kLdadd = 0x38200000;
inline constexpr uint32_t kLdclr = 0x38201000;
inline constexpr uint32_t kLdeor = 0x38202000;
inline constexpr uint32_t kLdset = 0x38203000;
inline constexpr uint32_t kSwp = 0x38208000;
constexpr uint32_t AtomicOp(uint32_t insn, bool acquire_release, unsigned size,
                            unsigned rs, unsigned rt, unsigned rn) {
  return insn | (acquire_release ? 3u << 22 : 0) | size << 30 | rs << 16 |
         rn << 5 | rt;
}
/// CASAL: if rs is what is at rn, rt goes there; rs = what was there.
constexpr uint32_t Casal(unsigned size, unsigned rs, unsigned rt, unsigned rn) {
  return 0x08e0fc00 | size << 30 | rs << 16 | rn << 5 | rt;
}
inline constexpr uint32_t kDmbIsh = 0xd5033bbf;

// Jumps. Distances are in words, from the instruction itself.
inline constexpr uint32_t kB = 0x14000000;
inline constexpr uint32_t kBl = 0x94000000;
constexpr uint32_t Imm26(int64_t words) {
  return static_cast<uint32_t>(words) & 0x3ffffff;
}
constexpr uint32_t Imm19(int64_t words) {
  return (static_cast<uint32_t>(words) & 0x7ffff) << 5;
}
constexpr uint32_t Imm14(int64_t words) {
  return (static_cast<uint32_t>(words) & 0x3fff) << 5;
}
constexpr uint32_t BCond(Condition condition) {
  return 0x54000000 | static_cast<uint32_t>(condition);
}
/// CBZ, or CBNZ.
constexpr uint32_t Cbz(bool wide, bool non_zero, unsigned rt) {
  return 0x34000000 | Wide(wide) | uint32_t{non_zero} << 24 | rt;
}
/// TBZ, or TBNZ.
constexpr uint32_t Tbz(bool non_zero, unsigned rt, unsigned bit) {
  return 0x36000000 | uint32_t{non_zero} << 24 | (bit & 32) << 26 |
         (bit & 31) << 19 | rt;
}
constexpr uint32_t Br(unsigned rn) { return 0xd61f0000 | rn << 5; }
constexpr uint32_t Blr(unsigned rn) { return 0xd63f0000 | rn << 5; }
inline constexpr uint32_t kRet = 0xd65f03c0;
/// rd = its own address + `bytes`, -2^20..2^20-1.
constexpr uint32_t Adr(unsigned rd, int64_t bytes) {
  return 0x10000000 | (static_cast<uint32_t>(bytes) & 3) << 29 |
         (static_cast<uint32_t>(bytes >> 2) & 0x7ffff) << 5 | rd;
}
constexpr uint32_t Brk(uint32_t imm16) { return 0xd4200000 | imm16 << 5; }

}  // namespace encode
}  // namespace ebpf::aarch64
