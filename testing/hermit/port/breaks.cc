// SPDX-License-Identifier: MIT
//
// What a careless port does in Hermit, whatever the CPU, and which of the
// port's tests must find it. Linked with --wrap around the port.
#include "testing/hermit/port/breaks.h"

#include <stdint.h>

#include "testing/hermit/application/application.h"
#include "testing/hermit/port/breakpoint_hook.h"
#include "testing/hermit/port/cpu.h"
#include "testing/hermit/port/turns.h"

namespace hermit {
namespace {

using ebpf::TakenFrame;

bool Claim(TakenFrame& regs, BreakpointHook hook) {
  if (!hook(regs)) {
    SkipBreakpoint(regs);
  }
  return true;
}

bool Touch(TakenFrame& regs, BreakpointHook hook) {
  const bool ours = hook(regs);
  if (!ours) {
    SpoilRegister(regs);
  }
  return ours;
}

constexpr guest::Break kBreaks[] = {
    {"tick_register", "Timer.LeavesEveryRegisterAsItWas", "same"},
    {"forget_sync", "Text.IsMadeFreshStepByStep", "StepsOf(1"},
    {"forget_saved_pcs", "SavedPcs.TellWhereEachTaskWillGoOn",
     "now.in_spin == 1"},
};

}  // namespace

void ClaimEveryBreakpoint(bool broken) {
  SetMistake(broken ? &Claim : nullptr);
}

void TouchTheKernelsBreakpoint(bool broken) {
  SetMistake(broken ? &Touch : nullptr);
}

bool RunApplication() {
  return guest::RunTestsOrBreaks(kBreaks, CpusBreaks(), Argument());
}

}  // namespace hermit

extern "C" {

int __real_ebpf_port_saved_pcs(void (*see)(void* argument, uintptr_t pc),
                               void* argument);
int __wrap_ebpf_port_saved_pcs(void (*see)(void* argument, uintptr_t pc),
                               void* argument) {
  return guest::IsBroken("forget_saved_pcs")
             ? 0
             : __real_ebpf_port_saved_pcs(see, argument);
}

}  // extern "C"
