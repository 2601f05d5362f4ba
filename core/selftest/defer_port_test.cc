// SPDX-License-Identifier: MIT
//
// The contract of core/platform/defer.h.
#include "core/base/atomic.h"
#include "core/platform/cpu.h"
#include "core/platform/defer.h"
#include "core/platform/time.h"
#include "core/selftest/case.h"

namespace ebpf::selftest {
namespace {

/// Work that counts its runs; `work` comes first.
struct Counted {
  ebpf_deferred work;
  Atomic<uint32_t> runs{0};
  uint32_t again = 0;  // times that it hands itself over
};

Counted* CountedOf(ebpf_deferred* work) {
  return reinterpret_cast<Counted*>(work);
}

void Count(ebpf_deferred* work) {
  Counted* counted = CountedOf(work);
  if (counted->again != 0) {
    --counted->again;
    ebpf_port_defer(work);
  }
  counted->runs.FetchAdd(1, kRelease);
}

/// Whether `counted` has run `runs` times within ten seconds.
bool WaitForRuns(Environment& environment, const Counted& counted,
                 uint32_t runs) {
  const uint64_t end = ebpf_port_time_ns() + 10'000'000'000;
  while (counted.runs.Load(kAcquire) < runs) {
    if (ebpf_port_time_ns() > end) {
      return false;
    }
    environment.Yield();
  }
  return counted.runs.Load(kAcquire) == runs;
}

/// `counted` as if it had never been handed over. A kernel may test twice.
Counted& Anew(Counted& counted) {
  counted.work.run = Count;
  counted.runs.Store(0, kRelaxed);
  counted.again = 0;
  return counted;
}

// Static: a failed test must not leave work on a stack that is gone.
constinit Counted from_task = {{nullptr, Count}};
constinit Counted from_trap = {{nullptr, Count}};
constinit Counted masked = {{nullptr, Count}};
constinit Counted twice = {{nullptr, Count}};
constinit Counted many[50] = {};

void RunsWhatATaskHandsOver(Environment& environment) {
  if (!ebpf_port_defer(&Anew(from_task).work)) {
    environment.Skipped("no deferred work");
    return;
  }
  PORT_EXPECT(environment, WaitForRuns(environment, from_task, 1));
}

void RunsWhatComesWithInterruptsMasked(Environment& environment) {
  const uintptr_t irq = ebpf_port_irq_save();
  const bool taken = ebpf_port_defer(&Anew(masked).work);
  // Another CPU may run it at once.
  PORT_EXPECT(environment,
              masked.runs.Load(kAcquire) == 0 || ebpf_port_cpu_count() > 1);
  ebpf_port_irq_restore(irq);
  if (!taken) {
    environment.Skipped("no deferred work");
    return;
  }
  PORT_EXPECT(environment, WaitForRuns(environment, masked, 1));
}

void HandOver(void* argument) {
  *static_cast<bool*>(argument) = ebpf_port_defer(&Anew(from_trap).work);
}

void RunsWhatATrapHandsOver(Environment& environment) {
  bool taken = false;
  if (!environment.CallInTrap(HandOver, &taken) || !taken) {
    environment.Skipped("no breakpoint trap, or no deferred work");
    return;
  }
  PORT_EXPECT(environment, WaitForRuns(environment, from_trap, 1));
}

void WorkMayHandItselfOver(Environment& environment) {
  Anew(twice).again = 5;
  if (!ebpf_port_defer(&twice.work)) {
    environment.Skipped("no deferred work");
    return;
  }
  PORT_EXPECT(environment, WaitForRuns(environment, twice, 6));
}

void HandOverMany(void* argument) {
  const auto first = reinterpret_cast<uintptr_t>(argument);
  for (size_t i = first; i < first + 25; ++i) {
    (void)ebpf_port_defer(&Anew(many[i]).work);
  }
}

void LosesNothingFromSeveralCpus(Environment& environment) {
  if (!ebpf_port_defer(&Anew(from_task).work)) {
    environment.Skipped("no deferred work");
    return;
  }
  const uint32_t other = ebpf_port_cpu_count() > 1 ? 1 : 0;
  if (!environment.StartOn(0, HandOverMany, nullptr)) {
    environment.Skipped("no tasks");
    return;
  }
  PORT_ASSERT(environment,
              environment.StartOn(other, HandOverMany,
                                  reinterpret_cast<void*>(uintptr_t{25})));
  environment.JoinTasks();
  for (const Counted& counted : many) {
    PORT_EXPECT(environment, WaitForRuns(environment, counted, 1));
  }
  PORT_EXPECT(environment, WaitForRuns(environment, from_task, 1));
}

constexpr Case kCases[] = {
    {"Defer.RunsWhatATaskHandsOver", RunsWhatATaskHandsOver},
    {"Defer.RunsWhatComesWithInterruptsMasked",
     RunsWhatComesWithInterruptsMasked},
    {"Defer.RunsWhatATrapHandsOver", RunsWhatATrapHandsOver, kMayKill},
    {"Defer.WorkMayHandItselfOver", WorkMayHandItselfOver},
    {"Defer.LosesNothingFromSeveralCpus", LosesNothingFromSeveralCpus},
};

}  // namespace

Span<const Case> DeferCases() { return kCases; }

}  // namespace ebpf::selftest
