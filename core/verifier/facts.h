// SPDX-License-Identifier: MIT
//
// What engines are told of each instruction (core/program/insn_facts.h).
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// After a walk that refused nothing: a fact for each instruction, as far as
/// `facts` reaches.
void WriteFacts(Verification& v, Span<InsnFacts> facts);

}  // namespace ebpf::verifier
