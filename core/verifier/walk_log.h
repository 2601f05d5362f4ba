// SPDX-License-Identifier: MIT
//
// What the log tells of the walk: instructions, source lines, and after each
// instruction what it read and wrote.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// The instruction at `v.index`, with its source line if that is another one;
/// before it, what the one before it read and wrote.
void LogBeforeInsn(Verification& v, const isa::DecodedInsn& insn);

/// After a conditional jump, when the path that goes on is chosen: what it
/// knows now of what was compared.
void LogAfterJump(Verification& v);

/// The path ends here: a state that was seen covers it.
void LogSeen(Verification& v);

/// A source line, if there is one and it is not the last that was shown.
void LogLine(Verification& v, uint32_t index);

/// The current function's state under a head: "caller:".
void LogFrame(Verification& v, const char* who);
/// "to caller at 5:"
void LogReturn(Verification& v, uint32_t to);

/// The log as it was when it was `length` long, where a line ended.
void CutLog(Verification& v, size_t length);

}  // namespace ebpf::verifier
