// SPDX-License-Identifier: MIT
//
// Who is asked about a breakpoint and a fault in the plain personality.
#pragma once

namespace guest::plain {

/// What entry_<cpu>.S builds, Linux's registers of this CPU first:
/// trap_frame_<cpu>.h.
struct TrapFrame;

/// Called for a breakpoint; true if `frame` leads on. Context: trap.
using BreakpointHook = bool (*)(TrapFrame& frame);
void SetBreakpointHook(BreakpointHook hook);

/// Called for an access that faulted; true if `frame` leads on. Context: trap.
using FaultHook = bool (*)(TrapFrame& frame);
void SetFaultHook(FaultHook hook);

/// Called at each tick of each CPU, both of two. Context: irq.
void AddTickHook(void (*hook)());

/// What this CPU's interrupt broke into; null outside of one. Context: irq.
const TrapFrame* InterruptedFrame();

}  // namespace guest::plain
