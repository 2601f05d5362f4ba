// SPDX-License-Identifier: MIT
//
// Conditional jumps: which sides are possible, and what each side knows.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Walks a conditional jump: if both sides are possible, one is kept for later
/// and the walk goes on with the next instruction.
Status StepJump(Verification& v, const isa::DecodedInsn& insn);

/// Enters the side of the jump `insn` at `v.index` that is taken, or not:
/// learns what it tells of the registers, and sets `v.next`.
void EnterSide(Verification& v, const isa::DecodedInsn& insn, bool taken);

/// may_goto: jumps; the path that goes on behind it is kept for later.
Status StepMayGoto(Verification& v, const isa::DecodedInsn& insn);
void GoOnBehindMayGoto(Verification& v);

}  // namespace ebpf::verifier
