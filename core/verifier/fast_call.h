// SPDX-License-Identifier: MIT
//
// Calls that keep r1 to r5 (bpf_fastcall): compilers that do not count on that
// spill these around the call, to slots that nobody else uses. Linux takes such
// spills out, so their slots do not count as stack.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Finds such calls. After the structure was checked.
void FindFastCalls(Verification& v);

/// The instruction at `v.index` accesses `frame`'s stack at `offset`: slots of
/// spills that would go must not be seen by others.
void NoteStackAccess(Verification& v, const Frame& frame, int64_t offset);

/// Bytes of stack that the function takes in Linux: without what goes there,
/// and for the log with what Linux's own instructions need.
uint32_t StackOf(const Verification& v, uint32_t subprogram);
uint32_t LoggedStackOf(const Verification& v, uint32_t subprogram);

}  // namespace ebpf::verifier
