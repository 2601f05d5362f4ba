// SPDX-License-Identifier: MIT
//
// What a careless port does in Hermit on this CPU.
#include "testing/hermit/port/breaks.h"

#include "testing/hermit/port/breakpoint_hook.h"

namespace hermit {
namespace {

constexpr guest::Break kBreaks[] = {
    {"keep_a_fault_in_its_slot",
     "Trap.TellsOfAFaultInASlotBeforeTheKernelSeesIt",
     "faulted.x[kA0] ==", SetDeafToFaults},
    {"claim_every_breakpoint",
     "Trap.GivesTheKernelABreakpointThatIsNotOursUntouched", "x[i] == value(i)",
     ClaimEveryBreakpoint},
    {"touch_the_kernels_breakpoint",
     "Trap.GivesTheKernelABreakpointThatIsNotOursUntouched", "x[i] == value(i)",
     TouchTheKernelsBreakpoint},
    {"tick_vector", "Timer.LeavesEveryRegisterAsItWas", "same"},
};

}  // namespace

ebpf::Span<const guest::Break> CpusBreaks() { return kBreaks; }

}  // namespace hermit
