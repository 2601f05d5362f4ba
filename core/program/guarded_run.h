// SPDX-License-Identifier: MIT
//
// The runs of programs that are missed inside of themselves only, as part of
// who asks for them.
#pragma once

#include "core/program/program.h"
#include "core/program/run_levels.h"

namespace ebpf {

/// Runs `program` in the run context of who has entered `levels.section`, this
/// CPU's (`cpu`), which was at `mark`, and leaves it; `program` is in none
/// below. `timed`: whether somebody wants times. As RunUnlessActive.
[[gnu::always_inline]] EBPF_CALLS_COMPILED inline void RunGuarded(
    RunLevels& levels, uint64_t mark, uint32_t cpu, const Program& program,
    void* context, const RunOrigin& origin, bool timed) {
  RunContext& run = *levels.Start(mark);
  // What interrupts this runs the program or, from here on, does not.
  run.guarded.Store(&program, kRelaxed);
  TrapFence();
  run.program = &program;
  run.context = context;
  run.origin = &origin;
  // No read-modify-write, since it does not run now; and before it does, so
  // that nothing of this is kept meanwhile.
  Atomic<uint64_t>& runs = program.counters_.Of(cpu).guarded_runs;
  runs.Store(runs.Load(kRelaxed) + 1, kRelaxed);
  if (timed) {
    (void)program.ExecuteUncounted(run, context);
  } else {
    (void)program.entry_(context, run.StackTop());
  }
  TrapFence();
  run.guarded.Store(nullptr, kRelaxed);
}

/// As Linux runs programs on raw tracepoints: not while `program` itself runs
/// in this way on this CPU, `cpu`; then missed, as where it has no run context
/// left. The caller is in a read section with preemption off; what the program
/// returns is of no use to it. Context: any.
inline void RunUnlessActive(const Program& program, void* context, uint32_t cpu,
                            const RunOrigin& origin) {
  RunLevels& levels = run_levels->Of(cpu);
  const uint64_t mark = levels.section.mark();
  const uint32_t level = CpuSection::DepthOf(mark);
  bool is_active = level == kMaxRunLevels;
  for (uint32_t below = 0; below < level; ++below) {
    is_active |= levels.contexts[below].guarded.Load(kRelaxed) == &program;
  }
  if (is_active) {
    program.CountMissed(cpu);
    return;
  }
  levels.section.Enter(mark);
  RunGuarded(levels, mark, cpu, program, context, origin, RunTimes::wanted());
  TrapFence();
  levels.section.Leave(mark);
}

}  // namespace ebpf
