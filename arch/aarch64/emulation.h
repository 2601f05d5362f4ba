// SPDX-License-Identifier: MIT
//
// How an AArch64 ProbePlan says what is to be done: its `emulation` is a kind
// in the low six bits and two register numbers above it.
#pragma once

#include <stdint.h>

#include "core/base/noprobe.h"

/// Around what emulation.cc has in .ebpf.noprobe.
EBPF_NOPROBE_SYMBOLS(ebpf_aarch64_noprobe)

namespace ebpf::aarch64 {

/// Number 31 is sp where the comment says so, and else the zero register.
inline constexpr unsigned kReg31 = 31;
inline constexpr unsigned kLinkRegister = 30;

enum class Emulation : uint8_t {
  // method kEmulate; the comment says what `operand` is.
  kNop,
  kConstant,    // a = operand
  kAdd,         // a = b + operand; 31 is sp
  kStorePair,   // sp += operand; the words a and b to sp, in this order
  kStoreOne,    // sp += operand; the word a to sp
  kLoadWord,    // a = the 32 bits at operand
  kLoadSigned,  // the same, sign-extended
  kLoadDouble,  // a = the 64 bits at operand
  kJump,        // pc = operand
  kCall,        // x30 = the next instruction's address; pc = operand
  kJumpReg,     // pc = b
  kCallReg,     // x30 = the next instruction's address; pc = b
  kJumpIf,      // a is the condition; operand: the target
  // Of register b, with a = 1: the low 32 bits only. operand: the target.
  kJumpIfZero,
  kJumpIfNotZero,
  // operand: the target, and in its upper eight bits the bit of b.
  kJumpIfBitClear,
  kJumpIfBitSet,
  // method kStep.
  kStep,
};

/// The parts of ProbePlan::emulation.
struct EmulationCode {
  Emulation kind;
  unsigned a;
  unsigned b;

  constexpr uint16_t Encode() const {
    return static_cast<uint16_t>(static_cast<unsigned>(kind) | a << 6 |
                                 b << 11);
  }
};

/// A target and a bit number in one operand: the target is kernel text, whose
/// address is sign-extended from 56 bits. [arm/arm: Address size]
struct BitTarget {
  static constexpr uint64_t Encode(uint64_t target, unsigned bit) {
    return target << 8 >> 8 | uint64_t{bit} << 56;
  }
  static EBPF_NOPROBE_INLINE uint64_t Target(uint64_t operand) {
    return static_cast<uint64_t>(static_cast<int64_t>(operand << 8) >> 8);
  }
  static EBPF_NOPROBE_INLINE unsigned Bit(uint64_t operand) {
    return static_cast<unsigned>(operand >> 56);
  }
};

}  // namespace ebpf::aarch64
