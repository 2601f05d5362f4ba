// SPDX-License-Identifier: MIT
//
// Stands in for core: what a test does with a breakpoint that the port hands
// over.
#pragma once

#include <stdint.h>

namespace ebpf {
struct TakenFrame;
}  // namespace ebpf

namespace hermit {

/// True: handled, and `regs` are to be taken over.
using BreakpointHook = bool (*)(ebpf::TakenFrame& regs);

/// Hands breakpoints to `hook`, from now on; null: to nobody.
void SetHook(BreakpointHook hook);

/// Hands breakpoints to `hook` as long as this lives, to nobody otherwise.
class ScopedHook {
 public:
  explicit ScopedHook(BreakpointHook hook);
  ~ScopedHook();
  ScopedHook(const ScopedHook&) = delete;
  ScopedHook& operator=(const ScopedHook&) = delete;
};

/// The same for faults of instructions in executable memory; true: `regs` are
/// to be taken over before the kernel gets the fault.
class ScopedFaultHook {
 public:
  explicit ScopedFaultHook(BreakpointHook hook);
  ~ScopedFaultHook();
  ScopedFaultHook(const ScopedFaultHook&) = delete;
  ScopedFaultHook& operator=(const ScopedFaultHook&) = delete;
};

/// What a port that is wrong does where it is to call `hook` with the registers
/// of a breakpoint, and to take over what that says of it.
using Mistake = bool (*)(ebpf::TakenFrame& regs, BreakpointHook hook);

/// Has each breakpoint come to `mistake`; null: to its hook.
void SetMistake(Mistake mistake);

/// Whether a port that is wrong asks nobody about its faults.
void SetDeafToFaults(bool deaf);

/// How many breakpoints came, handled or not, since the image began.
uint64_t BreakpointCount();

/// Has the port started, once for the image; false if it could not.
bool PortIsUp();

}  // namespace hermit
