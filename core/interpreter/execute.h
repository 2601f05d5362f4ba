// SPDX-License-Identifier: MIT
//
// The interpreter's loop, as the engine uses it; loop.h has the loop itself.
#pragma once

#include <stdint.h>

#include "core/interpreter/step.h"
#include "core/program/run_context.h"

namespace ebpf::interpreter {

/// Runs from `first` on with r1..r5 = args and r10 = stack_top; r0. Frames are
/// those of `run` from run.frame_count on. Precondition: `first` is of an image
/// that MakeImage made; the program is verified; the caller is in a read
/// section with preemption off. Context: any.
uint64_t Execute(const Step* first, const uint64_t (&args)[5],
                 uint64_t stack_top, RunContext& run);

/// Whether a function may begin with its stack below `stack_top`. Only what was
/// not verified, or not as such, comes to the end.
inline bool HasStack(const RunContext& run, uint64_t stack_top) {
  return stack_top - kMaxStackBytes >= reinterpret_cast<uint64_t>(run.stack);
}

}  // namespace ebpf::interpreter
