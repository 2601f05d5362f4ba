// SPDX-License-Identifier: MIT
//
// core/platform/tick_timers.h's implementation.
#include "core/platform/tick_timers.h"

#include "core/platform/cpu.h"
#include "core/platform/errors.h"

namespace ebpf {

constinit Ticks tick_timers;

}  // namespace ebpf

using ebpf::tick_timers;

extern "C" {

bool ebpf_port_timer_start(ebpf_timer* timer, uint64_t deadline_ns,
                           uint32_t /*flags*/) {
  return tick_timers.Start(timer, deadline_ns);
}

int ebpf_port_timer_stop(ebpf_timer* timer) { return tick_timers.Stop(timer); }

const void* ebpf_port_interrupted_regs(bool* in_user) {
  return tick_timers.InterruptedRegs(in_user);
}

int ebpf_port_call_on_cpu(uint32_t cpu, void (*function)(void* argument),
                          void* argument) {
  return cpu < ebpf_port_cpu_count() && ebpf::IsTicking(cpu)
             ? tick_timers.Call(cpu, function, argument)
             : ebpf::kMinusNoSuchDevice;
}

}  // extern "C"
