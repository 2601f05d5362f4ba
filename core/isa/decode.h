// SPDX-License-Identifier: MIT
//
// From bytes to an instruction, everything about its own encoding checked.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/isa/insn.h"
#include "core/isa/op.h"

namespace ebpf::isa {

/// An instruction whose encoding is right. Fields that it does not use are 0;
/// the selector (`src` of a call, ...) is as it was.
struct DecodedInsn {
  Op op{};
  uint8_t slots = 1;  // 2 for LD_IMM64
  uint8_t dst = 0;    // a register number, where used
  uint8_t src = 0;
  int16_t offset = 0;
  int32_t imm = 0;
  int32_t next_imm = 0;  // imm of the second slot

  const OpInfo& info() const { return InfoOf(op); }

  /// LD_IMM64's constant.
  uint64_t imm64() const {
    return static_cast<uint32_t>(imm) |
           static_cast<uint64_t>(static_cast<uint32_t>(next_imm)) << 32;
  }

  /// Conditional jumps, goto and gotol: the target less the next instruction's
  /// index.
  int32_t jump_offset() const { return op == Op::kGotoLong ? imm : offset; }
};

/// The field that makes an encoding wrong.
enum class [[nodiscard]] DecodeError : uint8_t {
  kNone,
  kOpcode,      // no instruction has this opcode
  kDst,         // not a register, or reserved and not 0
  kSrc,         // the same, or no instruction has it
  kOffset,      // reserved and not 0, or no instruction has it
  kImm,         // the same
  kTruncated,   // the second slot of LD_IMM64 is beyond the end
  kSecondSlot,  // opcode, registers or offset of that slot, or a reserved imm
};

/// Reads the instruction at `insns[index]`; `out` is undefined after an error.
/// Checks nothing but its encoding: whether a jump has a target, or a write
/// goes to r10, is for the verifier. Precondition: index < insns.size().
/// Context: any.
DecodeError Decode(ConstInsns insns, size_t index, DecodedInsn& out);

/// The same for a program that fixup has gone through: internal instructions
/// are right too.
DecodeError DecodeFixed(ConstInsns insns, size_t index, DecodedInsn& out);

/// What is wrong, for a log: "src_reg is no register or not 0".
const char* DecodeErrorText(DecodeError error);

}  // namespace ebpf::isa
