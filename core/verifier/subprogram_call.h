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

/// A function of the program ends without an exit, with this result: by a tail
/// call to a program whose exit is that of the function, or by a packet load
/// that failed.
void ReturnEarly(Verification& v, const RegState& result);

}  // namespace ebpf::verifier
