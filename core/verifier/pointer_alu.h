// SPDX-License-Identifier: MIT
//
// Arithmetic in which a pointer takes part.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Walks an instruction of Family kAlu (no move) with a pointer in dst or in
/// `source`, which is the other operand.
Status StepPointerAlu(Verification& v, const isa::DecodedInsn& insn,
                      const RegState& source);

}  // namespace ebpf::verifier
