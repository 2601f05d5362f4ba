// SPDX-License-Identifier: MIT
//
// What one run of a program has on its CPU: stacks, and whose run it is.
#pragma once

#include <stdint.h>

#include "core/base/status.h"
#include "core/memory/allocator.h"

namespace ebpf {

class Program;

/// Linux's limits: 512 bytes of stack over the whole chain of calls, 8 frames.
inline constexpr uint32_t kMaxStackBytes = 512;
inline constexpr uint32_t kMaxFrames = 8;
/// Programs on one CPU at a time: in task, interrupt, trap and NMI.
inline constexpr uint32_t kMaxRunLevels = 4;

/// The memory of one run: outside the kernel's own stack, which may be small.
///
/// Each CPU has kMaxRunLevels, one for each program that interrupts another.
struct RunContext {
  /// What an engine saves of the caller on a call between subprograms.
  struct Frame {
    uint64_t saved[5];  // r6..r9, and r10 of the caller
    uint32_t return_pc;
  };

  const Program* program;
  void* context;         // r1 at entry
  uint32_t level;        // 0: interrupted no other program
  uintptr_t preemption;  // for EndRun
  Frame frames[kMaxFrames];
  alignas(8) uint8_t stack[kMaxFrames][kMaxStackBytes];
};

/// Takes this CPU's next free RunContext, or null when they are used up (the
/// hit is then missed). Preemption is off from here to EndRun. What interrupts
/// the caller ends its own runs before it returns. Context: any.
RunContext* BeginRun();
void EndRun(RunContext* run);

/// The innermost run on this CPU, for helpers; null outside of programs.
/// Context: any, preemption off.
RunContext* CurrentRun();

/// kNoMemory. Context: task, once.
Status InitRunContexts(Allocator& allocator);
void ExitRunContexts();

}  // namespace ebpf
