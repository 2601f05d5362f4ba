// SPDX-License-Identifier: MIT
//
// What was interrupted, as DragonOS's frame on x86-64 tells it: to the timers
// and the list of interruptions.
#include "core/platform/tick_timers.h"
#include "core/platform/told_interruptions.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/x86_64/frame.h"

using ebpf::Interruptions;
using ebpf::told_interruptions;
using namespace ebpf::dragonos;

extern "C" {

size_t ebpf_dragonos_interrupted(const dragonos_trap_frame* frame) {
  return IsOfKernel(*frame) ? told_interruptions.Begin(frame, frame->rip)
                            : Interruptions::kNone;
}

void ebpf_dragonos_tick(const dragonos_trap_frame* frame) {
  ebpf::x86_64::PtRegs regs;
  ToPtRegs(*frame, regs);
  ebpf::tick_timers.Tick(&regs, !IsOfKernel(*frame));
}

}  // extern "C"
