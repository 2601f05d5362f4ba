// SPDX-License-Identifier: MIT
//
// The run contexts of each CPU, used as a stack: for who has no call to spare.
// Others have run_context.h.
//
// The number of contexts in use is the depth of a CpuSection that is waited for
// as others are: a run in one of them needs no other read section, if whoever
// enters has the fence that readers need.
#pragma once

#include "core/base/static_storage.h"
#include "core/memory/per_cpu.h"
#include "core/program/run_context.h"
#include "core/sync/read_section.h"

namespace ebpf {

class TaskRun;

struct RunLevels {
  /// Its depth: contexts in use. What interrupts a change leaves it as it was.
  CpuSection section;
  /// What runs at level 0 in memory of its own, or null.
  Atomic<TaskRun*> task_run;
  RunContext contexts[kMaxRunLevels];

  uint32_t depth() const { return CpuSection::DepthOf(section.mark()); }

  /// The next one; null: they are used up. The caller gives it an origin.
  /// Context: any, preemption off until Leave.
  RunContext* Enter() {
    // No read-modify-write: what interrupts this leaves the depth as it was.
    const uint64_t mark = section.mark();
    if (CpuSection::DepthOf(mark) == kMaxRunLevels) {
      return nullptr;
    }
    section.Enter(mark);
    return Start(mark);
  }
  /// The same if no other is in use; else null.
  RunContext* EnterFirst() {
    const uint64_t mark = section.mark();
    if (CpuSection::DepthOf(mark) != 0) {
      return nullptr;
    }
    section.Enter(mark);
    return Start(0);
  }
  void Leave() {
    TrapFence();
    section.Leave(section.mark() - 1);
  }
  void LeaveFirst() {
    TrapFence();
    section.Close();
  }

  /// The context of who has entered `section`, which was at `mark`.
  RunContext* Start(uint64_t mark) {
    RunContext& run = contexts[CpuSection::DepthOf(mark)];
    TrapFence();
    run.tail_calls = 0;
    run.frames_left = 0;
    return &run;
  }
};
static_assert(kMaxRunLevels < CpuSection::kMaxDepth);

/// Between InitRunContexts and ExitRunContexts.
[[gnu::visibility(
    "hidden")]] extern constinit StaticStorage<PerCpu<RunLevels>> run_levels;

}  // namespace ebpf
