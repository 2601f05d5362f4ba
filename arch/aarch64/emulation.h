// SPDX-License-Identifier: MIT
//
// How an AArch64 ProbePlan says what is to be done: its `emulation` is a kind
// in the low byte and a register or condition in the high one.
#pragma once

#include <stdint.h>

#include "core/base/noprobe.h"

namespace ebpf::aarch64 {

/// In most places register 31 is the zero register, in some it is sp.
inline constexpr unsigned kReg31 = 31;
inline constexpr unsigned kLinkReg = 30;

enum class Emulation : uint8_t {
  // method kEmulate; "reg" is the high byte.
  kNop,
  kSetConstant,   // reg = operand: adr, adrp, movz, movn
  kMove64,        // reg = operand's register
  kMove32,        // the same; the upper half becomes 0
  kAddImmediate,  // reg (31: sp) = AddOperand; sub has it negative
  kLoad32,        // reg = memory at operand: ldr of a literal
  kLoad64,
  kLoadSigned32,
  kStackAccess,  // StackOperand: ldr, str, ldp, stp with base sp
  kJump,         // to operand
  kCall,         // to operand, x30 = next
  kJumpReg,      // to reg
  kCallReg,      // to reg, x30 = next
  kJumpIf,       // to operand; reg is the condition
  kCompareJump,  // to operand; reg is a CompareReg
  kReadMasks,    // reg = DAIF
  kWriteMasks,   // DAIF = reg
  kSetMasks,     // operand: bits of pstate
  kClearMasks,   // operand: bits of pstate
  kTestJump,     // TestOperand; reg is a CompareReg
  // method kStep
  kStep,
};

constexpr uint16_t Encode(Emulation kind, unsigned reg = 0) {
  return static_cast<uint16_t>(static_cast<unsigned>(kind) | reg << 8);
}

/// A register and a number that is added to it.
struct AddOperand {
  static constexpr uint64_t Encode(unsigned reg, int64_t immediate) {
    return reg | static_cast<uint64_t>(immediate) << 32;
  }
  explicit constexpr AddOperand(uint64_t operand)
      : reg(operand & 31),
        immediate(static_cast<uint64_t>(static_cast<int64_t>(operand) >> 32)) {}

  unsigned reg;
  uint64_t immediate;  // sign-extended
};

/// What CBZ, CBNZ, TBZ and TBNZ look at.
struct CompareReg {
  static constexpr unsigned Encode(unsigned reg, bool nonzero, bool wide) {
    return reg | (nonzero ? 32 : 0) | (wide ? 64 : 0);
  }
  explicit constexpr CompareReg(unsigned code)
      : reg(code & 31), nonzero((code & 32) != 0), wide((code & 64) != 0) {}

  unsigned reg;
  bool nonzero;
  bool wide;
};

/// A bit's number and the branch's distance.
struct TestOperand {
  static constexpr uint64_t Encode(unsigned bit, int64_t offset) {
    return AddOperand::Encode(0, offset) | uint64_t{bit} << 8;
  }
  explicit constexpr TestOperand(uint64_t operand)
      : bit(operand >> 8 & 63), offset(AddOperand(operand).immediate) {}

  unsigned bit;
  uint64_t offset;
};

/// One or two 8-byte registers loaded from or stored to the stack.
struct StackOperand {
  static constexpr uint64_t kLoad = uint64_t{1} << 56;
  static constexpr uint64_t kPair = uint64_t{1} << 57;

  /// Memory at sp + `offset`; then sp += `writeback`. Flags: kLoad, kPair.
  static constexpr uint64_t Encode(unsigned a, unsigned b, int64_t offset,
                                   int64_t writeback, uint64_t flags) {
    return a | uint64_t{b} << 8 |
           uint64_t{static_cast<uint16_t>(offset)} << 16 |
           uint64_t{static_cast<uint16_t>(writeback)} << 32 | flags;
  }
  explicit constexpr StackOperand(uint64_t operand)
      : a(operand & 31),
        b(operand >> 8 & 31),
        offset(static_cast<uint64_t>(
            int64_t{static_cast<int16_t>(operand >> 16)})),
        writeback(static_cast<uint64_t>(
            int64_t{static_cast<int16_t>(operand >> 32)})),
        load((operand & kLoad) != 0),
        pair((operand & kPair) != 0) {}

  unsigned a;
  unsigned b;
  uint64_t offset;     // sign-extended
  uint64_t writeback;  // sign-extended
  bool load;
  bool pair;
};

}  // namespace ebpf::aarch64
