// SPDX-License-Identifier: MIT
//
// Sections of a program in which it is protected by RCU, or may not sleep.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Whether the code that is walked may sleep, sections apart.
inline bool IsSleepable(const Verification& v) {
  const Async async = v.state->frames[0].async;
  return async == Async::kNo ? v.options.sleepable : async == Async::kSleepable;
}

/// Whether what RCU protects stays: programs that cannot sleep run in one big
/// RCU section.
inline bool InRcuSection(const Verification& v) {
  return v.state->regions.rcu || !IsSleepable(v);
}

/// Walks bpf_rcu_read_lock and bpf_rcu_read_unlock.
Status StepRcuLock(Verification& v);
Status StepRcuUnlock(Verification& v, const char* name);

/// Walks bpf_preempt_disable and bpf_preempt_enable.
void StepPreemptDisable(Verification& v);
Status StepPreemptEnable(Verification& v);

/// Before the helper (without "bpf_") or the kernel function `name`, which may
/// sleep, is called.
Status CheckHelperMaySleep(Verification& v, const char* name, uint32_t id);
Status CheckKernelMaySleep(Verification& v, const char* name);

/// Where the program ends: no section is open.
Status CheckSectionsEnded(Verification& v);

/// The same where `what` ("tail_call") may end it.
Status CheckNoRegions(Verification& v, const char* what);

}  // namespace ebpf::verifier
