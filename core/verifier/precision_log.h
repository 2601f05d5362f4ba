// SPDX-License-Identifier: MIT
//
// "mark_precise" lines: what a decision of the walk depends on, found by going
// the path back. Only for the log, at BPF_LOG_LEVEL2, in Linux's form: this
// verifier knows beforehand which numbers matter (DESIGN.md).
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// The numbers that the instruction at `v.index` relies on in any case: what
/// moves a pointer, the sizes that a helper is passed, a callback's result.
void LogPrecision(Verification& v, const isa::DecodedInsn& insn);

/// Those that decided a conditional jump.
void LogDecision(Verification& v, const isa::DecodedInsn& insn);

}  // namespace ebpf::verifier
