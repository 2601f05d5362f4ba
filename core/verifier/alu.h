// SPDX-License-Identifier: MIT
//
// What arithmetic does to the registers.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Walks an instruction of Family kAlu, kNegate or kByteSwap.
Status StepAlu(Verification& v, const isa::DecodedInsn& insn);

/// Gives a number that is about to be copied an id, so that what is learnt of
/// one copy later holds for the others.
void LinkCopies(Verification& v, RegState& reg);

/// The low `bytes` (1, 2, 4) of `reg`, zero-extended, as one loads them: a
/// register of its own unless nothing was cut off.
RegState Truncated(const RegState& reg, uint32_t bytes);

}  // namespace ebpf::verifier
