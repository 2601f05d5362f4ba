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

/// The instruction that begins at `index`; false where none does, or none that
/// is one.
bool DecodeAt(const Verification& v, uint32_t index, isa::DecodedInsn& insn);

/// One pass over all instructions in their order: `before` has what is known
/// before each, `step(index, insn, state)` makes of it what is known after, and
/// `join(before, index, state)` adds that to what is known at a place that
/// control goes on to. Whether either said that something is new.
template <typename State, typename Step, typename Join>
bool ForwardPass(const Verification& v, Span<State> before, const Step& step,
                 const Join& join) {
  bool news = false;
  for (uint32_t i = 0; i < v.insns.size(); ++i) {
    isa::DecodedInsn insn;
    if (!DecodeAt(v, i, insn)) {
      continue;
    }
    State after = before[i];
    news |= step(i, insn, after);
    const Flow flow = FlowOf(insn);
    if (flow.jumps) {
      news |= join(before, static_cast<size_t>(TargetOf(i, insn)), after);
    }
    if (flow.falls_through) {
      news |= join(before, i + insn.slots, after);
    }
  }
  return news;
}

}  // namespace ebpf::verifier
