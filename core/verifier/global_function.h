// SPDX-License-Identifier: MIT
//
// Global functions: each is verified by itself, with any arguments that its
// prototype allows, and its callers only have to keep to the prototype.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Between walks: no path was refused, so the log need not show any.
void ForgetPaths(Verification& v);

/// Walks the program, then each global function that some path calls.
Status WalkAll(Verification& v);

/// A call of the global function `subprogram`: its arguments, and that it gives
/// some number.
Status StepGlobalCall(Verification& v, uint32_t subprogram);

/// The exit of a global function that is verified by itself.
Status CheckGlobalResult(Verification& v);

}  // namespace ebpf::verifier
