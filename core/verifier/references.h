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

/// The reference is given back: all pointers to what it held become plain
/// numbers, which address nothing.
void ReleaseReference(Verification& v, uint32_t id);

/// kOk if none is held.
Status CheckNothingHeld(Verification& v);

}  // namespace ebpf::verifier
