// SPDX-License-Identifier: MIT
//
// Calls between functions of the program, and their ends.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Walks into the function that `insn` calls.
Status StepSubprogramCall(Verification& v, const isa::DecodedInsn& insn);

/// Walks an exit: back to the caller, or, with `path_ends`, out of the program.
Status StepExit(Verification& v, bool& path_ends);

/// A tail call in a function of the program went to another program, whose exit
/// is that of the function.
void ReturnFromTailCall(Verification& v);

}  // namespace ebpf::verifier
