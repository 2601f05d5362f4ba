// SPDX-License-Identifier: MIT
//
// Finds instructions that one machine instruction, or fewer than one each, can
// do together.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/isa/insn.h"
#include "core/isa/op.h"
#include "core/jit/insn_state.h"
#include "core/machine/macro_assembler.h"

namespace ebpf::jit {

/// What several instructions do together.
struct MacroOp {
  enum class Kind : uint8_t {
    kNone,
    kAlu,          // dst = lhs <op> rhs
    kRotateLeft,   // dst = lhs rotated by imm
    kZeroExtend,   // dst = lhs's low `bits`
    kSignExtend,   // likewise
    kExtractBits,  // dst = bits [imm, imm + bits) of lhs
    kLoadAddress,  // dst = address
    kAlias,        // dst stands for address, in accesses up to alias_end
    kStoreImm,     // store rhs's imm, of `bits`
    kLoadSwapped,  // dst = the bytes at address, reversed
    kAluMemory,    // dst = dst <op> what is at address
    kMemoryAlu,    // at address: <op> rhs
    kAluShifted,   // dst = lhs <op> (rhs.reg <shift> imm)
    kMoveIf,       // if (lhs <op> rhs) dst = src
    kMoveImmIf,    // if (lhs <op> rhs) dst = imm, as wide as `bits`
    kBranch,       // if (lhs <op> rhs), to where the last one jumps
  };

  Kind kind = Kind::kNone;
  uint8_t count = 1;  // instructions
  uint8_t width = 64;
  uint8_t bits = 64;
  bool jumps = false;  // after it, to where the last one does
  isa::Operation op{};
  isa::Operation shift{};
  machine::Reg dst = 0;
  machine::Reg lhs = 0;
  machine::Reg src = 0;
  machine::Operand rhs;
  int32_t imm = 0;
  machine::Address address;
  uint32_t alias_end = 0;
};

/// What of it a CPU has: machine::MacroAssemblerFor's capabilities.
struct Capabilities {
  bool (*can_address)(const machine::Address& address, unsigned bits);
  bool (*can_load_address)(const machine::Address& address);
  bool memory_operands;
  bool shifted_operands;
  bool conditional_move;
  uint8_t swapped_loads;  // bits that are 16, 32 or 64 in it
};

/// A program, where fusing looks at it.
class Matcher {
 public:
  Matcher(isa::ConstInsns insns, Span<const InsnState> states,
          const Capabilities& capabilities)
      : insns_(insns), states_(states), has_(capabilities) {}

  /// The longest that begins at `index`, which is not skipped; kNone if it is
  /// one instruction as any other. Nothing but the first can be reached from
  /// elsewhere. `may_alias`: kAlias is wanted.
  MacroOp Match(size_t index, bool may_alias) {
    MacroOp found;
    (void)Find(index, may_alias, found);
    return found;
  }
  /// The same, without moving it around: false, and `found.kind` is kNone.
  bool Find(size_t index, bool may_alias, MacroOp& found);

 private:
  isa::Op OpAt(size_t index) const {
    return static_cast<isa::Op>(states_[index].op);
  }
  /// Whether `index` can be joined to what is before it.
  bool Joins(size_t index) const {
    return index < insns_.size() && !states_[index].is_target &&
           !states_[index].skipped;
  }
  bool IsDead(machine::Reg reg, size_t after) const {
    return (states_[after].live_after >> reg & 1) == 0;
  }
  bool IsUpperDead(machine::Reg reg, size_t after) const {
    return (states_[after].live_upper_after >> reg & 1) == 0;
  }
  bool IsShift(size_t index, machine::Reg dst, isa::Op op) const {
    return Joins(index) && OpAt(index) == op && insns_[index].dst == dst;
  }

  bool MatchMove(size_t i, MacroOp& found) const;
  bool MatchMove32(size_t i, MacroOp& found) const;
  bool MatchConstant(size_t i, MacroOp& found) const;
  bool MatchShift(size_t i, MacroOp& found) const;
  bool MatchAdd(size_t i, MacroOp& found) const;
  bool MatchLoad(size_t i, MacroOp& found) const;
  bool MatchBranch(size_t i, MacroOp& found) const;
  MacroOp::Kind MoveKind(isa::Op op, machine::Reg dst, size_t last) const;

  /// From a shift at `i` on, of what `source` held before; `count`
  /// instructions were matched before it.
  bool ShiftPair(size_t i, machine::Reg source, uint8_t count,
                 MacroOp& found) const;
  bool ShiftedOperand(size_t i, machine::Reg source, uint8_t count,
                      MacroOp& found) const;
  bool Rotation(size_t i, MacroOp& found) const;
  bool ScaledAddress(size_t i, machine::Reg index, uint8_t count,
                     MacroOp& found) const;
  bool Alias(size_t after, machine::Reg reg, const machine::Address& address,
             uint8_t count, MacroOp& found) const;
  bool MemoryUpdate(size_t i, MacroOp& found) const;

  const isa::ConstInsns insns_;
  const Span<const InsnState> states_;
  const Capabilities& has_;
  bool may_alias_ = false;
};

}  // namespace ebpf::jit
