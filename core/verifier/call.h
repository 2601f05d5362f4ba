// SPDX-License-Identifier: MIT
//
// Calls of helpers.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Walks a call of a helper: its arguments, its result, its references.
Status StepHelperCall(Verification& v, const isa::DecodedInsn& insn);

}  // namespace ebpf::verifier
