// SPDX-License-Identifier: MIT
//
// How a RISC-V ProbePlan says what is to be done: its `emulation` is a kind in
// the low byte and a register or condition in the high one.
#pragma once

#include <stdint.h>

#include "core/base/noprobe.h"

namespace ebpf::riscv64 {

enum class Emulation : uint8_t {
  // method kEmulate; "reg" is the high byte, "pair" is operand's PairOperand.
  kSetConstant,   // reg = operand: lui, auipc
  kAddImmediate,  // reg = pair.a + pair.immediate: addi, mv, li, nop
  kJump,          // reg = next; to operand
  kJumpReg,       // reg = next; to pair.a + pair.immediate
  kBranch,        // reg is funct3; if pair.a ? pair.b to here + pair.immediate
  kLoadFromSp,    // reg = memory at sp + operand
  kStoreToSp,     // memory at sp + operand = reg
  // method kStep
  kStep,
};

constexpr uint16_t Encode(Emulation kind, unsigned reg = 0) {
  return static_cast<uint16_t>(static_cast<unsigned>(kind) | reg << 8);
}

/// Two register numbers and an immediate.
struct PairOperand {
  static constexpr uint64_t Encode(unsigned a, unsigned b, int64_t immediate) {
    return a | uint64_t{b} << 8 | static_cast<uint64_t>(immediate) << 32;
  }
  explicit constexpr PairOperand(uint64_t operand)
      : a(operand & 31),
        b(operand >> 8 & 31),
        immediate(static_cast<uint64_t>(static_cast<int64_t>(operand) >> 32)) {}

  unsigned a;
  unsigned b;
  uint64_t immediate;  // sign-extended
};

}  // namespace ebpf::riscv64
