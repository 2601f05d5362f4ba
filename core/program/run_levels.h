// SPDX-License-Identifier: MIT
//
// The run contexts of each CPU, used as a stack: for who has no call to spare.
// Others have run_context.h.
#pragma once

#include "core/base/atomic.h"
#include "core/base/static_storage.h"
#include "core/memory/per_cpu.h"
#include "core/program/run_context.h"

namespace ebpf {

class TaskRun;

struct RunLevels {
  /// Contexts in use. What interrupts a change of it leaves it as it was.
  Atomic<uint32_t> depth;
  /// What runs at level 0 in memory of its own, or null.
  Atomic<TaskRun*> task_run;
  RunContext contexts[kMaxRunLevels];

  /// The next one; null: they are used up. The caller gives it an origin.
  /// Context: any, preemption off until Leave.
  RunContext* Enter() {
    const uint32_t level = depth.Load(kRelaxed);
    if (level == kMaxRunLevels) {
      return nullptr;
    }
    // No read-modify-write: what interrupts this leaves the depth as it was.
    depth.Store(level + 1, kRelaxed);
    return Start(contexts[level]);
  }
  /// The same if no other is in use; else null.
  RunContext* EnterFirst() {
    if (depth.Load(kRelaxed) != 0) {
      return nullptr;
    }
    depth.Store(1, kRelaxed);  // as in Enter
    return Start(contexts[0]);
  }
  void Leave(const RunContext& run) {
    TrapFence();
    depth.Store(run.level, kRelaxed);
  }
  void LeaveFirst() {
    TrapFence();
    depth.Store(0, kRelaxed);
  }

 private:
  static RunContext* Start(RunContext& run) {
    TrapFence();
    run.tail_calls = 0;
    run.frames_left = 0;
    run.frame_count = 0;
    return &run;
  }
};

/// Between InitRunContexts and ExitRunContexts.
extern constinit StaticStorage<PerCpu<RunLevels>> run_levels;

}  // namespace ebpf
