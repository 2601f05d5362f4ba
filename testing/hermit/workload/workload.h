// SPDX-License-Identifier: MIT
//
// Hermit's tasks at work: they open, write and read files by its system calls,
// and count each call before they make it.
#pragma once

#include <stdint.h>

namespace hermit {

/// The kernel functions that it calls.
enum class Call { kOpen, kRead, kWrite };
inline constexpr unsigned kCallCount = 3;

/// Starts one round in tasks of its own; the last round is over.
void StartWorkload();

bool WorkloadRunning();

/// How often the workload called sys_open, sys_read or sys_write. Hermit's own
/// functions cannot be recompiled to count for themselves, and nobody else
/// calls these three: our console is behind sys_writev.
uint64_t WorkloadCalls(Call call);

/// How many results of these calls were wrong.
uint64_t WorkloadErrors();

}  // namespace hermit
