// SPDX-License-Identifier: MIT
//
// bpf_spin_lock: one at a time, given back on every path by whoever took it.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

inline bool HoldsLock(const Verification& v) {
  return v.state->lock.owner != nullptr;
}

/// bpf_spin_lock and bpf_spin_unlock of the lock that register `number` points
/// to.
Status TakeLock(Verification& v, unsigned number);
Status ReleaseLock(Verification& v, unsigned number);

/// What the lock protects is gone with it: pointers that own nothing.
void ForgetNonOwning(Verification& v);

/// kOk if no lock is held where the program ends.
Status CheckUnlocked(Verification& v);

}  // namespace ebpf::verifier
