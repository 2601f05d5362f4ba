// SPDX-License-Identifier: MIT
//
// core/platform/timer.h, calls of other CPUs and stacks on DragonOS. Its own
// timers lock and have the first CPU only: its ticks serve, 250 a second.
#include "core/platform/timer.h"

#include "arch/x86_64/stack_frames.h"
#include "core/platform/cpu.h"
#include "core/platform/frame_walk.h"
#include "core/platform/stack.h"
#include "core/platform/ticks.h"
#include "ports/dragonos/frame.h"
#include "ports/dragonos/kernel.h"

namespace {

constexpr int kMinusNoSuchDevice = -6;

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
  return cpu < dragonos_cpu_count() && dragonos_cpu_online(cpu)
             ? ticks.Call(cpu, function, argument)
             : kMinusNoSuchDevice;
}

void ebpf_dragonos_tick(const dragonos_trap_frame* frame) {
  ebpf::x86_64::PtRegs regs;
  ebpf::dragonos::ToPtRegs(*frame, regs);
  ticks.Tick(&regs, !ebpf::dragonos::IsOfKernel(*frame));
}

size_t ebpf_port_stack_walk(const void* regs, bool user, uint64_t* addresses,
                            size_t capacity) {
  using namespace ebpf::x86_64;
  return ebpf::WalkKernelStack<PtRegs>(kFrameLayout, regs, user, addresses,
                                       capacity);
}

}  // extern "C"
