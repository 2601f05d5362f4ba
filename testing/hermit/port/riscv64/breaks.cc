// SPDX-License-Identifier: MIT
//
// What a careless port does in Hermit on this CPU.
#include "testing/hermit/port/breaks.h"

namespace hermit {
namespace {

constexpr guest::Break kBreaks[] = {
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
