// SPDX-License-Identifier: MIT
//
// LD_ABS and LD_IND, which classic BPF left behind: loads from the packet that
// end the function where the packet has no such bytes.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Walks an instruction of Family kLegacy. In a function that is called the
/// other path, on which it returns 0, is kept for later.
Status StepPacketLoad(Verification& v, const isa::DecodedInsn& insn);

}  // namespace ebpf::verifier
