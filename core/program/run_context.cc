// SPDX-License-Identifier: MIT
//
// The run contexts of each CPU, used as a stack.
#include "core/program/run_context.h"

#include "core/base/atomic.h"
#include "core/base/static_storage.h"
#include "core/memory/per_cpu.h"
#include "core/platform/cpu.h"
#include "core/program/task_run.h"

namespace ebpf {
namespace {

struct Levels {
  /// Contexts in use. What interrupts a change of it leaves it as it was.
  Atomic<uint32_t> depth;
  /// What runs at level 0 in memory of its own, or null.
  Atomic<TaskRun*> task_run;
  RunContext contexts[kMaxRunLevels];
};

constinit StaticStorage<PerCpu<Levels>> levels;

}  // namespace

RunContext* BeginRun() {
  const uintptr_t preemption = ebpf_port_preempt_disable();
  Levels& mine = levels->Mine();
  // Acquires, and EndRun releases, for the compiler's sake: only this CPU uses
  // a context, but an interrupt uses the same one right after the other.
  const uint32_t level = mine.depth.FetchAdd(1, kAcquire);
  if (level >= kMaxRunLevels) {
    mine.depth.FetchSub(1, kRelease);
    ebpf_port_preempt_enable(preemption);
    return nullptr;
  }
  RunContext& run = mine.contexts[level];
  run.program = nullptr;
  run.context = nullptr;
  run.level = level;
  run.cpu = ebpf_port_cpu_id();
  run.tail_calls = 0;
  run.frames_left = 0;
  run.frame_count = 0;
  run.self = reinterpret_cast<uint64_t>(&run);
  run.preemption = preemption;
  run.origin = RunOrigin();
  return &run;
}

void EndRun(RunContext* run) {
  const uintptr_t preemption = run->preemption;
  levels->Mine().depth.FetchSub(1, kRelease);
  ebpf_port_preempt_enable(preemption);
}

RunContext* CurrentRun() {
  Levels& mine = levels->Mine();
  const uint32_t depth = mine.depth.Load(kRelaxed);
  if (depth == 0) {
    return nullptr;
  }
  TaskRun* const task_run = mine.task_run.Load(kRelaxed);
  return depth == 1 && task_run != nullptr ? &task_run->context()
                                           : &mine.contexts[depth - 1];
}

bool TaskRun::Enter() {
  const uintptr_t preemption = ebpf_port_preempt_disable();
  Levels& mine = levels->Mine();
  if (mine.depth.Load(kRelaxed) != 0) {
    ebpf_port_preempt_enable(preemption);
    return false;
  }
  mine.task_run.Store(this, kRelaxed);
  // As in BeginRun.
  mine.depth.FetchAdd(1, kAcquire);
  context_.level = 0;
  context_.cpu = ebpf_port_cpu_id();
  context_.self = reinterpret_cast<uint64_t>(&context_);
  context_.preemption = preemption;
  (void)reading_.Construct();
  return true;
}

void TaskRun::Leave() {
  reading_.Destroy();
  const uintptr_t preemption = context_.preemption;
  Levels& mine = levels->Mine();
  mine.depth.FetchSub(1, kRelease);
  mine.task_run.Store(nullptr, kRelaxed);
  ebpf_port_preempt_enable(preemption);
}

TaskRun* TaskRun::Current() {
  Levels& mine = levels->Mine();
  return mine.depth.Load(kRelaxed) == 1 ? mine.task_run.Load(kRelaxed)
                                        : nullptr;
}

Status InitRunContexts(Allocator& allocator) {
  return levels.Construct().Allocate(allocator);
}

void ExitRunContexts() { levels.Destroy(); }

}  // namespace ebpf
