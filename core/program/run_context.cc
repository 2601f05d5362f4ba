// SPDX-License-Identifier: MIT
//
// The run contexts of each CPU, used as a stack.
#include "core/program/run_context.h"

#include "core/base/atomic.h"
#include "core/base/static_storage.h"
#include "core/memory/per_cpu.h"
#include "core/platform/cpu.h"

namespace ebpf {
namespace {

struct Levels {
  /// Contexts in use. What interrupts a change of it leaves it as it was.
  Atomic<uint32_t> depth;
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
  return depth == 0 ? nullptr : &mine.contexts[depth - 1];
}

Status InitRunContexts(Allocator& allocator) {
  return levels.Construct().Allocate(allocator);
}

void ExitRunContexts() { levels.Destroy(); }

}  // namespace ebpf
