// SPDX-License-Identifier: MIT
//
// Timers and calls of CPUs on Alien, which has no timers but the interrupt that
// it counts time by, 10 a second.
#include "arch/riscv64/pt_regs.h"
#include "core/platform/tick_timers.h"
#include "ports/alien/hooks.h"
#include "ports/alien/kernel.h"
#include "ports/alien/trap_frame.h"

using ebpf::tick_timers;
using ebpf::riscv64::PtRegs;

bool ebpf::IsTicking(uint32_t /*cpu*/) { return true; }

extern "C" {

void ebpf_alien_tick(const alien_ktrap_frame* frame) {
  PtRegs regs;
  ebpf::alien::ToPtRegs(*frame, regs);
  regs.cause = ebpf::alien::kTimerInterrupt;
  tick_timers.Tick(&regs, false);
}

void ebpf_alien_user_tick(const alien_trap_frame* frame) {
  PtRegs regs;
  ebpf::alien::ToPtRegs(*frame, regs);
  tick_timers.Tick(&regs, true);
}

}  // extern "C"
