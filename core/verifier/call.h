// SPDX-License-Identifier: MIT
//
// Calls of helpers.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Walks a call of a helper: its arguments, its result, its references.
Status StepHelperCall(Verification& v, const isa::DecodedInsn& insn);

/// The other path of a call that has two: a tail call that does not come back,
/// a helper that calls a function of the program.
void EnterOtherSide(Verification& v, const isa::DecodedInsn& insn);

}  // namespace ebpf::verifier
