// SPDX-License-Identifier: MIT
//
// What is checked of a program before any path of it is walked: encodings,
// subprograms, jump targets.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Checks `v.insns` one by one and fills in `v.subprograms`. `v.infos` is
/// there and zeroed, `v.subprograms` has room for kMaxSubprograms; afterwards
/// it has as many as there are.
Status CheckStructure(Verification& v);

/// Where the jump or subprogram call `insn` at `index` leads to, or where the
/// function is whose address it loads.
constexpr int64_t TargetOf(uint32_t index, const isa::DecodedInsn& insn) {
  const bool calls =
      insn.op == isa::Op::kCallSubprogram || insn.op == isa::Op::kLoadFunc;
  const int32_t offset = calls ? insn.imm : insn.jump_offset();
  return int64_t{index} + 1 + offset;
}

/// Where control goes from an instruction, besides into functions.
struct Flow {
  bool jumps;          // to TargetOf, on some path
  bool falls_through;  // to the next instruction
};
inline Flow FlowOf(const isa::DecodedInsn& insn) {
  switch (insn.op) {
    case isa::Op::kGoto:
    case isa::Op::kGotoLong:
      return {true, false};
    case isa::Op::kExit:
      return {false, false};
    case isa::Op::kMayGoto:
      return {true, true};
    default:
      return {insn.info().family == isa::Family::kJump, true};
  }
}

/// The subprogram that has the instruction `index`.
uint32_t SubprogramOf(const Verification& v, uint32_t index);

}  // namespace ebpf::verifier
