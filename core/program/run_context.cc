// SPDX-License-Identifier: MIT
//
// The run contexts of each CPU, used as a stack.
#include "core/program/run_context.h"

#include "core/memory/this_cpu.h"
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
  RunContext* const run = run_levels->Mine().Enter();
  if (run == nullptr) {
    ebpf_port_preempt_enable(preemption);
    return nullptr;
  }
  run->program = nullptr;
  run->context = nullptr;
  run->origin = &kNoOrigin;
  run->own_session = 0;
  run->preemption = preemption;
  return run;
}

void EndRun(RunContext* run) {
  const uintptr_t preemption = run->preemption;
  run_levels->Mine().Leave();
  ebpf_port_preempt_enable(preemption);
}

RunContext* CurrentRun() {
  RunLevels& mine = run_levels->Of(ThisCpu());
  const uint32_t depth = mine.depth();
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
  // What interrupts this is at a level above from here on, and has no use for
  // task_run.
  if (mine.EnterFirst() == nullptr) {
    ebpf_port_preempt_enable(preemption);
    return false;
  }
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
  mine.LeaveFirst();
  ebpf_port_preempt_enable(preemption);
}

TaskRun* TaskRun::Current() {
  RunLevels& mine = run_levels->Mine();
  return mine.depth() == 1 ? mine.task_run.Load(kRelaxed) : nullptr;
}

Status InitRunContexts(Allocator& allocator) {
  PerCpu<RunLevels>& made = run_levels.Construct();
  EBPF_TRY(made.Allocate(allocator));
  for (uint32_t cpu = 0; cpu < ebpf_port_cpu_count(); ++cpu) {
    InitContexts(made.Of(cpu), cpu);
  }
  SetCpuSections(CpuSectionOwner::kRuns, &made.Of(0).section,
                 PerCpu<RunLevels>::stride());
  return Status::kOk;
}

void ExitRunContexts() {
  SetCpuSections(CpuSectionOwner::kRuns, nullptr, 0);
  run_levels.Destroy();
}

}  // namespace ebpf
