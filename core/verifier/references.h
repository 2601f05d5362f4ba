// SPDX-License-Identifier: MIT
//
// References that a program holds: taken once, given back once, on every path.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// A new reference, taken by the instruction at `v.index`; its number in `id`.
Status TakeReference(Verification& v, uint32_t& id);

/// The reference is no longer held; nothing else changes.
void ForgetReference(State& state, uint32_t id);

/// Whether `id` is held and may be given back here: what is called back gives
/// back only what it took itself.
bool MayRelease(const State& state, uint32_t id);

/// The reference is given back: all pointers to what it held become plain
/// numbers, which address nothing, and dynptrs of it are none any more.
void ReleaseReference(Verification& v, uint32_t id);

/// kOk if none is held.
Status CheckNothingHeld(Verification& v);

/// kOk if the function that is called back, and ends, gave back what it took.
Status CheckCallbackHolds(Verification& v);

}  // namespace ebpf::verifier
