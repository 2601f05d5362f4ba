// SPDX-License-Identifier: MIT
//
// What was interrupted, as DragonOS's frame on RISC-V tells it: to the timers
// and the list of interruptions.
#include "core/platform/tick_timers.h"
#include "core/platform/told_interruptions.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/riscv64/frame.h"

using ebpf::Interruptions;
using ebpf::told_interruptions;
using namespace ebpf::dragonos;

extern "C" {

size_t ebpf_dragonos_interrupted(const dragonos_trap_frame* frame) {
  return IsOfKernel(*frame) ? told_interruptions.Begin(frame, frame->epc)
                            : Interruptions::kNone;
}

void ebpf_dragonos_tick(const dragonos_trap_frame* frame) {
  if (IsOfKernel(*frame)) {
    // There is no interrupt of our own to look from.
    told_interruptions.Check(frame);
  }
  ebpf::tick_timers.Tick(frame, !IsOfKernel(*frame));
}

}  // extern "C"
