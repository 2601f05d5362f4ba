// SPDX-License-Identifier: MIT
//
// The contract of core/platform/this_cpu.h: what a port says there is so, and
// those of core/platform/cpu.h agree.
#include "core/base/atomic.h"
#include "core/memory/this_context.h"
#include "core/memory/this_cpu.h"
#include "core/platform/this_cpu.h"
#include "core/platform/time.h"
#include "core/selftest/case.h"

namespace ebpf::selftest {
namespace {

constexpr uint32_t kCounter =
    EBPF_THIS_CPU_COUNTER_BY_STACK | EBPF_THIS_CPU_COUNTER_BY_REGISTER;

void WhatIsSaidIsOneThing(Environment& environment) {
  const uint32_t facts = ebpf_port_this_cpu.facts;
  const uint32_t preemption = facts & (kCounter | EBPF_THIS_CPU_NO_PREEMPTION);
  PORT_EXPECT(environment, (preemption & (preemption - 1)) == 0);
  PORT_EXPECT(environment, (facts & ~(kCounter | EBPF_THIS_CPU_NO_PREEMPTION |
                                      EBPF_THIS_CPU_REGISTER)) == 0);
  const uint64_t stack_size = ebpf_port_this_cpu.stack_size;
  PORT_EXPECT(environment, (stack_size & (stack_size - 1)) == 0);
  PORT_EXPECT(environment,
              (facts & EBPF_THIS_CPU_COUNTER_BY_STACK) == 0 || stack_size != 0);
}

/// The flags, but for one that a timer may set at any moment.
uint32_t FlagsOf(const Context& context) {
  return context.flags() & ~uint32_t{kNeedsResched};
}

/// What a stay on this CPU knows of its context is what is found out there.
bool AStayKnowsItsContext(uint32_t cpu) {
  if (!IsUsualPort()) {
    return true;
  }
  const BasicStayOnCpu<UsualFacts> stay;
  const Context known = ContextOf(stay, cpu);
  const Context found = ThisContext(cpu, 1);
  return FlagsOf(known) == FlagsOf(found) &&
         known.preempt_depth() == found.preempt_depth();
}

void WhatIsSaidOfContextsIsSo(Environment& environment) {
  const uint32_t facts = ebpf_port_context.facts;
  PORT_EXPECT(
      environment,
      (facts & ~(EBPF_CONTEXT_INTERRUPT_MASK | EBPF_CONTEXT_PREEMPT_DEPTH |
                 EBPF_CONTEXT_INTERRUPTS | EBPF_CONTEXT_RESCHED)) == 0);
  PORT_EXPECT(environment, (facts & EBPF_CONTEXT_PREEMPT_DEPTH) == 0 ||
                               (ebpf_port_this_cpu.facts & kCounter) != 0);
  if (facts == 0) {
    environment.Skip("nothing is said");
    return;
  }
  const bool tells_mask = (facts & EBPF_CONTEXT_INTERRUPT_MASK) != 0;
  const uint8_t depth_of_one = (facts & EBPF_CONTEXT_PREEMPT_DEPTH) != 0;
  const uint8_t masked = tells_mask ? kInterruptsOff : 0;
  const StayOnCpu stay;
  const uint32_t cpu = ThisCpu();
  // A port that says nothing of the mask may mask them in order to stay.
  PORT_EXPECT(environment, !tells_mask || !environment.InterruptsMasked());
  PORT_EXPECT(environment, FlagsOf(ThisContext(cpu, 1)) == 0);
  PORT_EXPECT(environment, ThisContext(cpu, 1).preempt_depth() == 0);
  PORT_EXPECT(environment, AStayKnowsItsContext(cpu));
  const uintptr_t state = ebpf_port_preempt_disable();
  PORT_EXPECT(environment, FlagsOf(ThisContext(cpu, 1)) == 0);
  PORT_EXPECT(environment, ThisContext(cpu, 1).preempt_depth() == depth_of_one);
  const uintptr_t interrupts = ebpf_port_irq_save();
  PORT_EXPECT(environment, FlagsOf(ThisContext(cpu, 1)) == masked);
  PORT_EXPECT(environment, AStayKnowsItsContext(cpu));
  ebpf_port_irq_restore(interrupts);
  ebpf_port_preempt_enable(state);
}

/// On the CPU that runs it.
void NumbersAgree(void* argument) {
  auto& environment = *static_cast<Environment*>(argument);
  for (int turn = 0; turn < 100; ++turn) {
    const StayOnCpu stay;
    PORT_EXPECT(environment, ThisCpu() == ebpf_port_cpu_id());
  }
}

void TheRegisterTellsCpusApart(Environment& environment) {
  // Twice: when they are asked for, and when they are known.
  for (int round = 0; round < 2; ++round) {
    for (uint32_t cpu = 0; cpu < ebpf_port_cpu_count(); ++cpu) {
      if (environment.StartOn(cpu, NumbersAgree, &environment)) {
        environment.JoinTasks();
      }
    }
  }
}

void NumbersAgreeInATrap(Environment& environment) {
  if (!environment.CallInTrap(NumbersAgree, &environment)) {
    environment.Skipped("no breakpoint trap");
  }
}

void StayingNests(Environment& environment) {
  const bool masked = environment.InterruptsMasked();
  {
    const StayOnCpu outer;
    const uintptr_t state = ebpf_port_preempt_disable();
    {
      const StayOnCpu inner;
      PORT_EXPECT(environment, ThisCpu() == ebpf_port_cpu_id());
    }
    ebpf_port_preempt_enable(state);
  }
  PORT_EXPECT(environment, environment.InterruptsMasked() == masked);
  environment.Yield();  // panics in some kernels if preemption is still off
}

void SetFlag(void* argument) {
  static_cast<Atomic<bool>*>(argument)->Store(true, kRelease);
}

void OthersWaitWhileTheCounterIsNotZero(Environment& environment) {
  constexpr uint64_t kSeveralTicks = 50'000'000;
  if ((ebpf_port_this_cpu.facts & kCounter) == 0) {
    environment.Skipped("no counter");
    return;
  }
  Atomic<bool> ran{false};
  {
    const StayOnCpu stay;
    if (!environment.StartOn(ThisCpu(), SetFlag, &ran)) {
      environment.Skipped("no task");
      return;
    }
    const uint64_t end = ebpf_port_time_ns() + kSeveralTicks;
    while (ebpf_port_time_ns() < end) {
      PORT_EXPECT(environment, !ran.Load(kAcquire));
    }
  }
  environment.JoinTasks();
  PORT_EXPECT(environment, ran.Load(kAcquire));
}

constexpr Case kCases[] = {
    {"ThisCpu.WhatIsSaidIsOneThing", WhatIsSaidIsOneThing},
    {"ThisCpu.WhatIsSaidOfContextsIsSo", WhatIsSaidOfContextsIsSo},
    {"ThisCpu.TheRegisterTellsCpusApart", TheRegisterTellsCpusApart},
    {"ThisCpu.NumbersAgreeInATrap", NumbersAgreeInATrap, kMayKill},
    {"ThisCpu.StayingNests", StayingNests, kMayKill},
    {"ThisCpu.OthersWaitWhileTheCounterIsNotZero",
     OthersWaitWhileTheCounterIsNotZero},
};

}  // namespace

Span<const Case> ThisCpuCases() { return kCases; }

}  // namespace ebpf::selftest
