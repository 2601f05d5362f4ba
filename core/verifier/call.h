// SPDX-License-Identifier: MIT
//
// Calls of helpers.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Walks a call of a helper: its arguments, its result, its references.
Status StepHelperCall(Verification& v, const isa::DecodedInsn& insn);

/// For a call of what asks the run which program it is of (RunContext).
/// kNotSupportedLinux: that may be another one.
Status AskWhichRuns(Verification& v);

/// The other path of a call that has two: a tail call that does not come back,
/// a helper that calls a function of the program.
void EnterOtherSide(Verification& v, const isa::DecodedInsn& insn);

}  // namespace ebpf::verifier
