// SPDX-License-Identifier: MIT
//
// The contract of core/platform/cpu.h.
#include "core/base/atomic.h"
#include "core/platform/cpu.h"
#include "core/selftest/case.h"

namespace ebpf::selftest {
namespace {

constexpr uint32_t kMaxCpus = 256;

void NumbersAreBelowTheCount(Environment& environment) {
  PORT_EXPECT(environment, ebpf_port_cpu_count() >= 1);
  const uintptr_t irq = ebpf_port_irq_save();
  PORT_EXPECT(environment, ebpf_port_cpu_id() < ebpf_port_cpu_count());
  PORT_EXPECT(environment, ebpf_port_cpu_id() == ebpf_port_cpu_id());
  ebpf_port_irq_restore(irq);
}

struct Seen {
  Atomic<uint32_t> cpu{kMaxCpus};
};

void StoreCpu(void* argument) {
  static_cast<Seen*>(argument)->cpu.Store(ebpf_port_cpu_id(), kRelease);
}

void EachCpuHasItsOwnNumber(Environment& environment) {
  for (uint32_t cpu = 0; cpu < ebpf_port_cpu_count(); ++cpu) {
    Seen seen;
    if (!environment.StartOn(cpu, StoreCpu, &seen)) {
      continue;  // one that may come later
    }
    environment.JoinTasks();
    PORT_EXPECT(environment, seen.cpu.Load(kAcquire) == cpu);
  }
}

void InterruptsNest(Environment& environment) {
  PORT_EXPECT(environment, !environment.InterruptsMasked());
  const uintptr_t outer = ebpf_port_irq_save();
  PORT_EXPECT(environment, environment.InterruptsMasked());
  const uintptr_t inner = ebpf_port_irq_save();
  PORT_EXPECT(environment, environment.InterruptsMasked());
  ebpf_port_irq_restore(inner);
  PORT_EXPECT(environment, environment.InterruptsMasked());
  ebpf_port_irq_restore(outer);
  PORT_EXPECT(environment, !environment.InterruptsMasked());
}

void SeesInterrupts(void* argument) {
  auto* environment = static_cast<Environment*>(argument);
  const uintptr_t irq = ebpf_port_irq_save();
  PORT_EXPECT(*environment, environment->InterruptsMasked());
  ebpf_port_irq_restore(irq);
}

void ATrapGivesInterruptsBackAsTheyWere(Environment& environment) {
  if (!environment.CallInTrap(SeesInterrupts, &environment)) {
    environment.Skipped("no breakpoint trap");
    return;
  }
  PORT_EXPECT(environment, !environment.InterruptsMasked());
  const uintptr_t irq = ebpf_port_irq_save();
  PORT_EXPECT(environment,
              environment.CallInTrap(SeesInterrupts, &environment));
  PORT_EXPECT(environment, environment.InterruptsMasked());
  ebpf_port_irq_restore(irq);
}

void PreemptionNests(Environment& environment) {
  const uintptr_t outer = ebpf_port_preempt_disable();
  const uint32_t cpu = ebpf_port_cpu_id();
  const uintptr_t inner = ebpf_port_preempt_disable();
  ebpf_port_preempt_enable(inner);
  for (int i = 0; i < 100'000; ++i) {
    PORT_EXPECT(environment, ebpf_port_cpu_id() == cpu);
  }
  ebpf_port_preempt_enable(outer);
  environment.Yield();
}

void DisablePreemption(void* argument) {
  const uintptr_t state = ebpf_port_preempt_disable();
  const uintptr_t irq = ebpf_port_irq_save();
  ebpf_port_irq_restore(irq);
  ebpf_port_relax();
  ebpf_port_preempt_enable(state);
  *static_cast<bool*>(argument) = true;
}

void PreemptionAndInterruptsWorkInATrap(Environment& environment) {
  bool ran = false;
  if (!environment.CallInTrap(DisablePreemption, &ran)) {
    environment.Skipped("no breakpoint trap");
    return;
  }
  PORT_EXPECT(environment, ran);
  environment.Yield();  // panics in some kernels if preemption is still off
}

constexpr Case kCases[] = {
    {"Cpu.NumbersAreBelowTheCount", NumbersAreBelowTheCount},
    {"Cpu.EachCpuHasItsOwnNumber", EachCpuHasItsOwnNumber},
    {"Cpu.InterruptsNest", InterruptsNest},
    {"Cpu.ATrapGivesInterruptsBackAsTheyWere",
     ATrapGivesInterruptsBackAsTheyWere, kMayKill},
    {"Cpu.PreemptionNests", PreemptionNests, kMayKill},
    {"Cpu.PreemptionAndInterruptsWorkInATrap",
     PreemptionAndInterruptsWorkInATrap, kMayKill},
};

}  // namespace

Span<const Case> CpuCases() { return kCases; }

}  // namespace ebpf::selftest
