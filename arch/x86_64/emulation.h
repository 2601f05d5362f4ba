// SPDX-License-Identifier: MIT
//
// How an x86-64 ProbePlan says what is to be done: its `emulation` is a kind in
// the low byte and a register or condition in the high one.
#pragma once

#include <stdint.h>

#include "arch/x86_64/registers.h"
#include "core/base/noprobe.h"

namespace ebpf::x86_64 {

enum class Emulation : uint8_t {
  // method kEmulate; the comment says what `operand` is, "reg" is the register.
  kNop,
  kMoveConstant,  // the value; reg
  kMove64,        // the source register; reg
  kMove32,        // the same; the upper half becomes 0
  kLea64,         // LeaOperand; reg
  kLea32,
  kAddSp,      // the number, sign-extended
  kSubSp,      // the same
  kPushReg,    // reg
  kPushFlags,  //
  kPushConst,  // the value
  kPopReg,     // reg
  kPopFlags,   //
  kLeave,      //
  kJump,       // the target
  kJumpIf,     // the target; reg is the condition
  kLoop,       // the target; reg is the low two bits of the opcode
  kJumpReg,    // reg
  kCall,       // the target
  kCallReg,    // reg
  kReturn,     // bytes to drop
  kClearIf,    // cli
  kSetIf,      // sti
  // method kStep; reg + 1 is the borrowed register if any, `operand` its value
  // but for kStepCall.
  kStep,
  kStepPushFlags,
  kStepCall,     // slot: push of anything; operand: the target
  kStepCallVia,  // slot: push of the target
  kStepJumpVia,  // slot: the target into rsi, which is borrowed in any case
  kStepReturn,   // slot: rsp moved up
};

constexpr uint16_t Encode(Emulation kind, unsigned reg = 0) {
  return static_cast<uint16_t>(static_cast<unsigned>(kind) | reg << 8);
}

/// base + (index << scale) + displacement.
struct LeaOperand {
  static constexpr unsigned kNoReg = 16;

  static constexpr uint64_t Encode(unsigned base, unsigned index,
                                   unsigned scale, int32_t displacement) {
    return base | uint64_t{index} << 8 | uint64_t{scale} << 16 |
           static_cast<uint64_t>(static_cast<uint32_t>(displacement)) << 32;
  }
};

}  // namespace ebpf::x86_64
