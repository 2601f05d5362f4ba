// SPDX-License-Identifier: MIT
//
// What a careless port does in Hermit on this CPU.
#include "testing/hermit/port/breaks.h"

#include <stdint.h>

#include "arch/aarch64/machine/taken_frame.h"
#include "testing/hermit/port/breakpoint_hook.h"

namespace hermit {
namespace {

using ebpf::TakenFrame;

/// Tasks run on SP_EL0, handlers on SP_EL1, where the frame is.
bool TakeSpOfHandlers(TakenFrame& regs, BreakpointHook hook) {
  const uint64_t sp = regs.sp;
  regs.sp = reinterpret_cast<uintptr_t>(&regs + 1);
  const bool ours = hook(regs);
  regs.sp = sp;
  return ours;
}

void TakeTheKernelsSp(bool broken) {
  SetMistake(broken ? &TakeSpOfHandlers : nullptr);
}

constexpr guest::Break kBreaks[] = {
    {"keep_a_fault_in_its_slot",
     "Trap.TellsOfAFaultInASlotBeforeTheKernelSeesIt",
     "faulted.pc ==", SetDeafToFaults},
    {"claim_every_breakpoint",
     "Trap.GivesTheKernelABreakpointThatIsNotOursUntouched",
     "saw.registers.x[i] == Before(i)", ClaimEveryBreakpoint},
    {"touch_the_kernels_breakpoint",
     "Trap.GivesTheKernelABreakpointThatIsNotOursUntouched",
     "saw.registers.x[i] == Before(i)", TouchTheKernelsBreakpoint},
    {"take_the_kernels_sp", "Trap.HandsOverAndTakesBackEveryRegister",
     "out.sp == seen.sp", TakeTheKernelsSp},
    {"forget_clean", "Text.IsMadeFreshStepByStep", "StepsOf(1"},
    {"forget_invalidate", "Text.IsMadeFreshStepByStep", "StepsOf(1"},
};

}  // namespace

ebpf::Span<const guest::Break> CpusBreaks() { return kBreaks; }

}  // namespace hermit
