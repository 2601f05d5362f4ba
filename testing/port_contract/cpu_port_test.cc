// SPDX-License-Identifier: MIT
//
// The contract of core/platform/cpu.h.
#include "core/base/atomic.h"
#include "core/platform/cpu.h"
#include "testing/port_contract/case.h"

namespace ebpf::port_contract {
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
    environment.Skip("no breakpoint trap");
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
    environment.Skip("no breakpoint trap");
    return;
  }
  PORT_EXPECT(environment, ran);
  environment.Yield();  // panics in some kernels if preemption is still off
}

struct CallOnCpu {
  Environment& environment;
  uint32_t cpu;
  uint32_t calls;
};

void CalledOnCpu(void* argument) {
  auto& call = *static_cast<CallOnCpu*>(argument);
  ++call.calls;
  PORT_EXPECT(call.environment, ebpf_port_cpu_id() == call.cpu);
  PORT_EXPECT(call.environment, call.environment.InterruptsMasked());
}

/// Each CPU comes, or says that it does not.
void CpusAreCalled(Environment& environment) {
  constexpr int kMinusNoCpu = -6;
  constexpr int kMinusNotSupported = -95;
  CallOnCpu call = {environment, ebpf_port_cpu_id(), 0};
  const int own = ebpf_port_call_on_cpu(call.cpu, CalledOnCpu, &call);
  if (own == kMinusNotSupported) {
    PORT_EXPECT(environment, call.calls == 0);
    environment.Skip("no CPU can be called");
    return;
  }
  PORT_EXPECT(environment, own == 0 && call.calls == 1);
  for (uint32_t cpu = 0; cpu < ebpf_port_cpu_count(); ++cpu) {
    CallOnCpu each = {environment, cpu, 0};
    const int result = ebpf_port_call_on_cpu(cpu, CalledOnCpu, &each);
    PORT_EXPECT(environment, result == 0 || result == kMinusNoCpu);
    PORT_EXPECT(environment, each.calls == (result == 0 ? 1u : 0u));
  }
  PORT_EXPECT(environment, !environment.InterruptsMasked());
  PORT_EXPECT(environment,
              ebpf_port_call_on_cpu(ebpf_port_cpu_count(), CalledOnCpu,
                                    &call) == kMinusNoCpu);
}

constexpr Case kCases[] = {
    {"Cpu.NumbersAreBelowTheCount", NumbersAreBelowTheCount},
    {"Cpu.EachCpuHasItsOwnNumber", EachCpuHasItsOwnNumber},
    {"Cpu.InterruptsNest", InterruptsNest},
    {"Cpu.ATrapGivesInterruptsBackAsTheyWere",
     ATrapGivesInterruptsBackAsTheyWere},
    {"Cpu.PreemptionNests", PreemptionNests},
    {"Cpu.PreemptionAndInterruptsWorkInATrap",
     PreemptionAndInterruptsWorkInATrap},
    {"Cpu.CpusAreCalled", CpusAreCalled},
};

}  // namespace

Span<const Case> CpuCases() { return kCases; }

}  // namespace ebpf::port_contract
