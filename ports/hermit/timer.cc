// SPDX-License-Identifier: MIT
//
// core/platform/timer.h and calls of CPUs on Hermit: a timer that the kernel
// leaves alone interrupts when the earliest deadline has come.
#include "ports/hermit/timer.h"

#include "core/base/atomic.h"
#include "core/platform/cpu.h"
#include "core/platform/features.h"
#include "core/platform/ticks.h"
#include "core/platform/timer.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"

namespace ebpf::hermit {
namespace {

constinit Ticks ticks;
constinit Atomic<bool> has_timer{false};

/// Until it holds: a probe may start a timer between the question and its
/// answer's use.
void ArmForNext() {
  uint64_t armed;
  do {
    armed = ticks.Next();
    ArmTimer(armed);
  } while (ticks.Next() < armed);
}

}  // namespace

void StartTimers() { has_timer.Store(StartTimer(), kRelaxed); }

void Tick(const void* regs) {
  ticks.Tick(regs, false);
  ArmForNext();
}

}  // namespace ebpf::hermit

using namespace ebpf::hermit;

extern "C" {

uint32_t ebpf_port_features(void) {
  return EBPF_PORT_STACKS |
         (has_timer.Load(ebpf::kRelaxed) ? EBPF_PORT_TIMERS : 0);
}

bool ebpf_port_timer_start(ebpf_timer* timer, uint64_t deadline_ns,
                           uint32_t /*flags*/) {
  if (!has_timer.Load(ebpf::kRelaxed)) {
    return false;
  }
  const uintptr_t interrupts = ebpf_port_irq_save();
  const bool started = ticks.Start(timer, deadline_ns);
  ArmForNext();
  ebpf_port_irq_restore(interrupts);
  return started;
}

// What it was armed for comes all the same, and finds nothing.
int ebpf_port_timer_stop(ebpf_timer* timer) { return ticks.Stop(timer); }

const void* ebpf_port_interrupted_regs(bool* in_user) {
  return ticks.InterruptedRegs(in_user);
}

int ebpf_port_call_on_cpu(uint32_t cpu, void (*function)(void* argument),
                          void* argument) {
  return ticks.Call(cpu, function, argument, &ebpf_hermit_interrupt_cpu);
}

}  // extern "C"
