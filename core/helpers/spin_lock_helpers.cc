// SPDX-License-Identifier: MIT
//
// Helpers that take the lock in a map's value.
//
// The verifier lets a program hold one lock at a time, call nothing while it
// does, and give it back before it ends; and no program that a probe can run
// takes any. So the wait is short, and interrupts are masked once per run.
#include "core/helpers/functions.h"
#include "core/maps/value_lock.h"
#include "core/program/run_context.h"

namespace ebpf::helpers {

/// void bpf_spin_lock(lock)
EBPF_NO_THREAD_SAFETY_ANALYSIS
uint64_t SpinLock(uint64_t lock, uint64_t, uint64_t, uint64_t, uint64_t) {
  const uintptr_t irq = reinterpret_cast<ValueLock*>(lock)->Lock();
  CurrentRun()->lock_irq = irq;
  return 0;
}

/// void bpf_spin_unlock(lock)
EBPF_NO_THREAD_SAFETY_ANALYSIS
uint64_t SpinUnlock(uint64_t lock, uint64_t, uint64_t, uint64_t, uint64_t) {
  reinterpret_cast<ValueLock*>(lock)->Unlock(CurrentRun()->lock_irq);
  return 0;
}

}  // namespace ebpf::helpers
