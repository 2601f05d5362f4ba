// SPDX-License-Identifier: MIT
//
// The run contexts of each CPU, used as a stack.
#include "core/program/run_context.h"

#include "core/platform/cpu.h"
#include "core/program/run_levels.h"
#include "core/program/task_run.h"

namespace ebpf {
namespace {

/// What stays so.
void InitContexts(RunLevels& of_cpu, uint32_t cpu) {
  for (uint32_t level = 0; level < kMaxRunLevels; ++level) {
    RunContext& run = of_cpu.contexts[level];
    run.level = level;
    run.cpu = cpu;
    run.self = reinterpret_cast<uint64_t>(&run);
  }
}

}  // namespace

constinit const RunOrigin kNoOrigin = {};

constinit StaticStorage<PerCpu<RunLevels>> run_levels;

RunContext* BeginRun() {
  const uintptr_t preemption = ebpf_port_preempt_disable();
  RunLevels& mine = run_levels->Mine();
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
  run.origin = &kNoOrigin;
  run.tail_calls = 0;
  run.frames_left = 0;
  run.frame_count = 0;
  run.own_session = 0;
  run.preemption = preemption;
  return &run;
}

void EndRun(RunContext* run) {
  const uintptr_t preemption = run->preemption;
  run_levels->Mine().depth.FetchSub(1, kRelease);
  ebpf_port_preempt_enable(preemption);
}

RunContext* CurrentRun() {
  RunLevels& mine = run_levels->Mine();
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
  RunLevels& mine = run_levels->Mine();
  if (mine.depth.Load(kRelaxed) != 0) {
    ebpf_port_preempt_enable(preemption);
    return false;
  }
  // As in BeginRun. What interrupts this is at a level above from here on, and
  // has no use for task_run.
  mine.depth.FetchAdd(1, kAcquire);
  mine.task_run.Store(this, kRelaxed);
  context_.level = 0;
  context_.origin = &kNoOrigin;
  context_.cpu = ebpf_port_cpu_id();
  context_.self = reinterpret_cast<uint64_t>(&context_);
  context_.preemption = preemption;
  (void)reading_.Construct();
  return true;
}

void TaskRun::Leave() {
  reading_.Destroy();
  const uintptr_t preemption = context_.preemption;
  RunLevels& mine = run_levels->Mine();
  mine.task_run.Store(nullptr, kRelaxed);
  mine.depth.FetchSub(1, kRelease);
  ebpf_port_preempt_enable(preemption);
}

TaskRun* TaskRun::Current() {
  RunLevels& mine = run_levels->Mine();
  return mine.depth.Load(kRelaxed) == 1 ? mine.task_run.Load(kRelaxed)
                                        : nullptr;
}

Status InitRunContexts(Allocator& allocator) {
  PerCpu<RunLevels>& made = run_levels.Construct();
  EBPF_TRY(made.Allocate(allocator));
  for (uint32_t cpu = 0; cpu < ebpf_port_cpu_count(); ++cpu) {
    InitContexts(made.Of(cpu), cpu);
  }
  return Status::kOk;
}

void ExitRunContexts() { run_levels.Destroy(); }

}  // namespace ebpf
