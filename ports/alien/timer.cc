// SPDX-License-Identifier: MIT
//
// core/platform/timer.h, calls of CPUs and stacks on Alien, which has no timers
// but the interrupt that it counts time by, 10 a second.
#include "core/platform/timer.h"

#include "arch/riscv64/stack_frames.h"
#include "core/platform/cpu.h"
#include "core/platform/frame_walk.h"
#include "core/platform/stack.h"
#include "core/platform/ticks.h"
#include "ports/alien/hooks.h"
#include "ports/alien/kernel.h"
#include "ports/alien/trap_frame.h"

namespace {

using ebpf::riscv64::PtRegs;

constinit ebpf::Ticks ticks;

}  // namespace

extern "C" {

bool ebpf_port_timer_start(ebpf_timer* timer, uint64_t deadline_ns,
                           uint32_t /*flags*/) {
  return ticks.Start(timer, deadline_ns);
}

int ebpf_port_timer_stop(ebpf_timer* timer) { return ticks.Stop(timer); }

const void* ebpf_port_interrupted_regs(bool* in_user) {
  return ticks.InterruptedRegs(in_user);
}

int ebpf_port_call_on_cpu(uint32_t cpu, void (*function)(void* argument),
                          void* argument) {
  return ticks.Call(cpu, function, argument);
}

void ebpf_alien_tick(const alien_ktrap_frame* frame) {
  PtRegs regs;
  ebpf::alien::ToPtRegs(*frame, regs);
  regs.cause = ebpf::alien::kTimerInterrupt;
  ticks.Tick(&regs, false);
}

void ebpf_alien_user_tick(const alien_trap_frame* frame) {
  PtRegs regs;
  ebpf::alien::ToPtRegs(*frame, regs);
  ticks.Tick(&regs, true);
}

size_t ebpf_port_stack_walk(const void* regs, bool user, uint64_t* addresses,
                            size_t capacity) {
  using namespace ebpf::riscv64;
  return ebpf::WalkKernelStack<PtRegs>(kFrameLayout, regs, user, addresses,
                                       capacity);
}

}  // extern "C"
