// SPDX-License-Identifier: MIT
//
// What a careless port does in Hermit on this CPU.
#include "testing/hermit/port/breaks.h"

#include "arch/x86_64/machine/taken_frame.h"
#include "testing/hermit/port/breakpoint_hook.h"

namespace hermit {
namespace {

using ebpf::TakenFrame;

/// As on the one stack that the kernel's gates go to, a trap within has its
/// registers where those of the outer one were. (With the gate's number of the
/// stack set the kernel ends up in its own stack's bytes, and says no more.)
bool ShareRegisters(TakenFrame& regs, BreakpointHook hook) {
  static constinit TakenFrame shared = {};
  const TakenFrame own = regs;
  shared = regs;
  const bool ours = hook(shared);
  regs = shared;
  regs.pc = own.pc;
  regs.sp = own.sp;
  return ours;
}

void ShareOneStack(bool broken) {
  SetMistake(broken ? &ShareRegisters : nullptr);
}

constexpr guest::Break kBreaks[] = {
    {"keep_a_fault_in_its_slot",
     "Trap.TellsOfAFaultInASlotBeforeTheKernelSeesIt",
     "faulted.pc ==", SetDeafToFaults},
    {"claim_every_breakpoint",
     "Trap.GivesTheKernelABreakpointThatIsNotOursUntouched",
     "saw.pc ==", ClaimEveryBreakpoint},
    {"touch_the_kernels_breakpoint",
     "Trap.GivesTheKernelABreakpointThatIsNotOursUntouched",
     "out[i] == Before(i)", TouchTheKernelsBreakpoint},
    {"tick_vector", "Timer.LeavesEveryRegisterAsItWas", "same"},
    {"share_one_stack", "Trap.NestsInsideItsOwnHandler",
     "WordsOf(seen)[i] == Before(i)", ShareOneStack},
};

}  // namespace

ebpf::Span<const guest::Break> CpusBreaks() { return kBreaks; }

}  // namespace hermit
