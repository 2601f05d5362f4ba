// SPDX-License-Identifier: MIT
//
// Hermit's tasks at work: they open, write and read files by its system calls,
// and count each call before they make it.
#pragma once

#include <stdint.h>

namespace hermit {

/// The kernel functions that it calls.
enum class Call { kOpen, kRead, kWrite, kClose };
inline constexpr unsigned kCallCount = 4;

/// So many rounds unless more are asked for.
inline constexpr uint32_t kRounds = 40;

/// Starts `rounds` rounds in tasks of its own; those before are over.
void StartWorkload(uint32_t rounds = kRounds);

/// Ends it early: each task ends after its round.
void StopWorkload();

bool WorkloadRunning();

/// How often the workload called sys_open, sys_read, sys_write or sys_close.
/// Hermit's own functions cannot be recompiled to count for themselves, and
/// nobody else calls these four: our console is behind sys_writev.
uint64_t WorkloadCalls(Call call);

/// How many results of these calls were wrong.
uint64_t WorkloadErrors();

}  // namespace hermit
