// SPDX-License-Identifier: MIT
//
// The runs of programs that are missed inside of themselves only, as part of
// who asks for them.
#pragma once

#include "core/program/program.h"
#include "core/program/run_levels.h"

namespace ebpf {

/// As Linux runs programs on raw tracepoints: not while `program` itself runs
/// in this way on this CPU; then missed, as where the CPU has no run context
/// left. The caller is in a read section with preemption off, on `cpu`; what
/// the program returns is of no use to it. Context: any.
[[gnu::always_inline]] EBPF_CALLS_COMPILED inline void RunUnlessActive(
    const Program& program, void* context, uint32_t cpu,
    const RunOrigin& origin) {
  Program::Counters& counters = program.counters_.Of(cpu);
  RunLevels& levels = run_levels->Of(cpu);
  if (__builtin_expect(counters.active.Load(kRelaxed) != 0, 0)) {
    counters.missed.FetchAdd(1, kRelaxed);
    return;
  }
  RunContext* const run = levels.Enter();
  if (__builtin_expect(run == nullptr, 0)) {
    counters.missed.FetchAdd(1, kRelaxed);
    return;
  }
  // No read-modify-write, here and below: what interrupts this and runs the
  // program leaves it as it was, or does not run it at all.
  counters.active.Store(1, kRelaxed);
  run->program = &program;
  run->context = context;
  run->origin = &origin;
  if (__builtin_expect(program.entry_ == nullptr || RunTimes::wanted(), 0)) {
    (void)program.ExecuteUncounted(*run, context);
  } else {
    (void)program.entry_(context, run->StackTop());
  }
  counters.guarded_runs.Store(counters.guarded_runs.Load(kRelaxed) + 1,
                              kRelaxed);
  TrapFence();
  counters.active.Store(0, kRelaxed);
  levels.Leave(*run);
}

}  // namespace ebpf
