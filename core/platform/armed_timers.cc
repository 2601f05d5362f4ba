// SPDX-License-Identifier: MIT
//
// core/platform/armed_timers.h's implementation.
#include "core/platform/armed_timers.h"

#include "core/base/atomic.h"
#include "core/platform/cpu.h"
#include "core/platform/ticks.h"
#include "core/platform/timer.h"

namespace ebpf {
namespace {

constinit Ticks armed_ticks;
constinit Atomic<bool> is_open{false};

/// Until it holds: a probe may start a timer between the question and its
/// answer's use.
void ArmForNext() {
  uint64_t armed;
  do {
    armed = armed_ticks.Next();
    armed_timers.arm(armed);
  } while (armed_ticks.Next() < armed);
}

}  // namespace

void OpenArmedTimers() { is_open.Store(true, kRelaxed); }

bool HasArmedTimers() { return is_open.Load(kRelaxed); }

void TickArmedTimers(const void* regs) {
  armed_ticks.Tick(regs, false);
  ArmForNext();
}

}  // namespace ebpf

extern "C" {

bool ebpf_port_timer_start(ebpf_timer* timer, uint64_t deadline_ns,
                           uint32_t /*flags*/) {
  if (!ebpf::HasArmedTimers()) {
    return false;
  }
  const uintptr_t interrupts = ebpf_port_irq_save();
  const bool started = ebpf::armed_ticks.Start(timer, deadline_ns);
  ebpf::ArmForNext();
  ebpf_port_irq_restore(interrupts);
  return started;
}

// What it was armed for comes all the same, and finds nothing.
int ebpf_port_timer_stop(ebpf_timer* timer) {
  return ebpf::armed_ticks.Stop(timer);
}

const void* ebpf_port_interrupted_regs(bool* in_user) {
  return ebpf::armed_ticks.InterruptedRegs(in_user);
}

int ebpf_port_call_on_cpu(uint32_t cpu, void (*function)(void* argument),
                          void* argument) {
  return ebpf::armed_ticks.Call(cpu, function, argument,
                                ebpf::armed_timers.interrupt);
}

}  // extern "C"
