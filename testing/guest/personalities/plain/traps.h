// SPDX-License-Identifier: MIT
//
// The plain personality's trap frame, and who is asked about a breakpoint.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace guest::plain {

/// What entry.S builds: Linux's user_pt_regs, and 16 bytes of nothing.
struct TrapFrame {
  uint64_t x[31];
  uint64_t sp;
  uint64_t pc;
  uint64_t pstate;
  uint64_t unused[2];
};
static_assert(sizeof(TrapFrame) == 288);
static_assert(offsetof(TrapFrame, sp) == 248);
static_assert(offsetof(TrapFrame, pc) == 256);

/// Called for a breakpoint; true if `frame` leads on. Context: trap.
using BreakpointHook = bool (*)(TrapFrame& frame);
void SetBreakpointHook(BreakpointHook hook);

/// Called for an access that faulted; true if `frame` leads on. Context: trap.
using FaultHook = bool (*)(TrapFrame& frame);
void SetFaultHook(FaultHook hook);

/// Called at each tick of each CPU. Context: irq.
void SetTickHook(void (*hook)());

}  // namespace guest::plain
