// SPDX-License-Identifier: MIT
//
// core/platform/timer.h and calls of other CPUs on DragonOS. Its own timers
// lock and have the first CPU only: its ticks serve, 250 a second.
#include "ports/dragonos/timer.h"

#include "core/platform/cpu.h"
#include "core/platform/ticks.h"
#include "core/platform/timer.h"
#include "ports/dragonos/kernel.h"

namespace {

constexpr int kMinusNoSuchDevice = -6;

constinit ebpf::Ticks ticks;

}  // namespace

namespace ebpf::dragonos {

void Tick(const void* regs, bool in_user) { ticks.Tick(regs, in_user); }

}  // namespace ebpf::dragonos

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

}  // extern "C"
