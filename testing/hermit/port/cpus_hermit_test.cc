// SPDX-License-Identifier: MIT
//
// ports/hermit in a kernel with the feature `smp`, on two CPUs: what of the
// port is each CPU's, the rendezvous, and probes that both hit.
#include "core/base/atomic.h"
#include "core/memory/allocator.h"
#include "core/platform/cpu.h"
#include "core/platform/text.h"
#include "core/platform/time.h"
#include "core/platform/timer.h"
#include "core/probes/kprobe.h"
#include "core/sync/read_section.h"
#include "ports/hermit/init.h"
#include "ports/hermit/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"

namespace hermit {
namespace {

using ebpf::AttachKprobe;
using ebpf::KprobeConsumer;

constexpr uint32_t kCpus = 2;

/// Once for the image.
bool IsUp() {
  static constinit bool up = false;
  up = up ||
       (ebpf_hermit_start_port() == 0 && ebpf::InitReadSections() &&
        IsOk(ebpf::InitProbes(ebpf::hermit::Machine(), ebpf::PortAllocator())));
  return up;
}

/// A task of each CPU runs `body`, at the same time; all have ended then.
bool RunOnAll(void (*body)(uintptr_t cpu)) {
  int32_t tasks[kCpus];
  bool started = true;
  for (uint32_t cpu = 0; cpu < kCpus; ++cpu) {
    tasks[cpu] = SpawnOn(cpu, body, cpu);
    started = started && tasks[cpu] > 0;
  }
  for (int32_t task : tasks) {
    sys_join(task);
  }
  return started;
}

GUEST_TEST(Cpus, AreTwo) {
  GUEST_ASSERT(IsUp());
  GUEST_EXPECT_EQ(sys_get_processor_count(), kCpus);
  GUEST_EXPECT_EQ(ebpf_port_cpu_count(), kCpus);
}

constinit ebpf::Atomic<uint32_t> ids[kCpus] = {};

GUEST_TEST(Cpus, HaveTheNumbersThatTasksAreStartedOn) {
  GUEST_ASSERT(IsUp());
  for (auto& id : ids) {
    id.Store(77, ebpf::kRelaxed);
  }
  GUEST_ASSERT(RunOnAll([](uintptr_t cpu) {
    ids[cpu].Store(ebpf_port_cpu_id(), ebpf::kRelaxed);
  }));
  for (uint32_t cpu = 0; cpu < kCpus; ++cpu) {
    GUEST_EXPECT_EQ(ids[cpu].Load(ebpf::kRelaxed), cpu);
  }
}

/// Two words that only change inside of a rendezvous, and always together.
constinit volatile uint64_t left = 0;
constinit volatile uint64_t right = 0;
constinit ebpf::Atomic<bool> over{false};
constinit ebpf::Atomic<uint64_t> looks{0};
constinit ebpf::Atomic<uint64_t> torn{0};

int ChangeBoth(void* /*argument*/) {
  left = left + 1;
  for (int i = 0; i < 1'000; ++i) {
    ebpf_port_relax();
  }
  right = right + 1;
  return 0;
}

void LookOn(uintptr_t /*argument*/) {
  LetInterruptsIn();
  while (!over.Load(ebpf::kAcquire)) {
    // A rendezvous that came between the two loads is told by the third.
    const uint64_t before = left;
    const uint64_t seen = right;
    const uint64_t after = left;
    torn.FetchAdd(before == after && seen != before ? 1 : 0, ebpf::kRelaxed);
    looks.FetchAdd(1, ebpf::kRelease);
  }
}

GUEST_TEST(Rendezvous, StopsTheOtherCpu) {
  constexpr uint64_t kTimes = 300;
  GUEST_ASSERT(IsUp());
  const int32_t task = SpawnOn(1, &LookOn, 0);
  GUEST_ASSERT(task > 0);
  while (looks.Load(ebpf::kAcquire) == 0) {
    ebpf_port_relax();
  }
  uint64_t failed = 0;
  for (uint64_t i = 0; i < kTimes; ++i) {
    int result = 1;
    failed += ebpf_port_stop_machine(&ChangeBoth, nullptr, &result) != 0 ||
              result != 0;
    const uint64_t until = looks.Load(ebpf::kAcquire) + 3;
    while (looks.Load(ebpf::kAcquire) < until) {
      ebpf_port_relax();
    }
  }
  over.Store(true, ebpf::kRelease);
  sys_join(task);
  GUEST_EXPECT_EQ(failed, 0);
  GUEST_EXPECT_EQ(right, kTimes);
  GUEST_EXPECT_EQ(torn.Load(ebpf::kRelaxed), 0);
}

GUEST_TEST(Rendezvous, StopsAnIdleCpu) {
  constexpr uint64_t kTimes = 100;
  GUEST_ASSERT(IsUp());
  const uint64_t before = right;
  uint64_t failed = 0;
  for (uint64_t i = 0; i < kTimes; ++i) {
    int result = 1;
    failed += ebpf_port_stop_machine(&ChangeBoth, nullptr, &result) != 0;
    if (i % 10 == 0) {
      sys_usleep(20'000);
    }
  }
  GUEST_EXPECT_EQ(failed, 0);
  GUEST_EXPECT_EQ(right - before, kTimes);
}

GUEST_TEST(Rendezvous, ComesFromBothCpusAtOnce) {
  GUEST_ASSERT(IsUp());
  static constinit ebpf::Atomic<uint64_t> failures{0};
  static constinit uint64_t begin = 0;
  begin = right;
  GUEST_ASSERT(RunOnAll([](uintptr_t) {
    LetInterruptsIn();
    for (int i = 0; i < 100; ++i) {
      int result = 1;
      failures.FetchAdd(
          ebpf_port_stop_machine(&ChangeBoth, nullptr, &result) != 0 ? 1 : 0,
          ebpf::kRelaxed);
    }
  }));
  GUEST_EXPECT_EQ(failures.Load(ebpf::kRelaxed), 0);
  GUEST_EXPECT_EQ(right - begin, kCpus * 100);
  GUEST_EXPECT_EQ(left, right);
}

GUEST_TEST(Rendezvous, TellsOfACpuThatLetsNoInterruptsIn) {
  GUEST_ASSERT(IsUp());
  static constinit ebpf::Atomic<bool> masked{false};
  static constinit ebpf::Atomic<bool> enough{false};
  const int32_t task = SpawnOn(
      1,
      [](uintptr_t) {
        const uintptr_t interrupts = ebpf_port_irq_save();
        masked.Store(true, ebpf::kRelease);
        while (!enough.Load(ebpf::kAcquire)) {
          ebpf_port_relax();
        }
        ebpf_port_irq_restore(interrupts);
      },
      0);
  GUEST_ASSERT(task > 0);
  while (!masked.Load(ebpf::kAcquire)) {
    ebpf_port_relax();
  }
  int result = 1;
  const uint64_t before = right;
  GUEST_EXPECT_EQ(-ebpf_port_stop_machine(&ChangeBoth, nullptr, &result), 16);
  GUEST_EXPECT_EQ(right, before);
  enough.Store(true, ebpf::kRelease);
  sys_join(task);
  GUEST_EXPECT_EQ(ebpf_port_stop_machine(&ChangeBoth, nullptr, &result), 0);
}

GUEST_TEST(Call, RunsOnTheOtherCpu) {
  GUEST_ASSERT(IsUp());
  for (int i = 0; i < 20; ++i) {
    uint32_t id = 77;
    GUEST_EXPECT_EQ(ebpf_port_call_on_cpu(
                        1,
                        [](void* argument) {
                          *static_cast<uint32_t*>(argument) =
                              ebpf_port_cpu_id();
                        },
                        &id),
                    0);
    GUEST_EXPECT_EQ(id, 1);
  }
}

constinit ebpf::Atomic<uint32_t> expired_on[kCpus] = {};

void Expired(ebpf_timer* /*timer*/) {
  expired_on[ebpf_port_cpu_id()].FetchAdd(1, ebpf::kRelaxed);
}

constinit ebpf_timer timers[kCpus] = {{.expired = &Expired, .port = {}},
                                      {.expired = &Expired, .port = {}}};

GUEST_TEST(Timer, ExpiresOnTheCpuThatStartedIt) {
  GUEST_ASSERT(IsUp());
  GUEST_ASSERT(RunOnAll([](uintptr_t cpu) {
    LetInterruptsIn();
    for (int i = 0; i < 10; ++i) {
      const uint32_t before = expired_on[cpu].Load(ebpf::kRelaxed);
      (void)ebpf_port_timer_start(&timers[cpu], ebpf_port_time_ns() + 1'000'000,
                                  EBPF_TIMER_THIS_CPU);
      const uint64_t until = ebpf_port_time_ns() + 5'000'000'000;
      while (expired_on[cpu].Load(ebpf::kRelaxed) == before &&
             ebpf_port_time_ns() < until) {
        ebpf_port_relax();
      }
    }
  }));
  for (auto& count : expired_on) {
    GUEST_EXPECT_EQ(count.Load(ebpf::kRelaxed), 10);
  }
}

class CounterOfCpus final : public KprobeConsumer {
 public:
  void Hit(ebpf::machine::PtRegs& /*regs*/) override {
    hits[ebpf_port_cpu_id()].FetchAdd(1, ebpf::kRelaxed);
  }
  ebpf::Atomic<uint64_t> hits[kCpus] = {};
};

constexpr uint64_t kCalls = 20'000;

void CallGetpid(uintptr_t /*cpu*/) {
  LetInterruptsIn();
  for (uint64_t i = 0; i < kCalls; ++i) {
    (void)sys_getpid();
  }
}

GUEST_TEST(Kprobe, CountsEveryHitOfBothCpus) {
  GUEST_ASSERT(IsUp());
  static CounterOfCpus counter;
  auto probe = AttachKprobe("sys_getpid", 0, 0, counter);
  GUEST_ASSERT(probe.ok() && IsOk((*probe)->Enable()));
  GUEST_ASSERT(RunOnAll(&CallGetpid));
  (*probe)->Detach();
  for (auto& hits : counter.hits) {
    GUEST_EXPECT_EQ(hits.Load(ebpf::kRelaxed), kCalls);
  }
  GUEST_EXPECT_EQ((*probe)->missed(), 0);
}

constinit ebpf::Atomic<bool> calls_end{false};
constinit ebpf::Atomic<uint64_t> calls{0};
constinit ebpf::Atomic<uint64_t> wrong{0};

void CallUntilTheEnd(uintptr_t /*argument*/) {
  LetInterruptsIn();
  const int32_t id = sys_getpid();
  while (!calls_end.Load(ebpf::kAcquire)) {
    wrong.FetchAdd(sys_getpid() != id ? 1 : 0, ebpf::kRelaxed);
    calls.FetchAdd(1, ebpf::kRelaxed);
  }
}

GUEST_TEST(Kprobe, ComesAndGoesWhileTheOtherCpuCalls) {
  constexpr int kTimes = 200;
  GUEST_ASSERT(IsUp());
  static CounterOfCpus counter;
  const int32_t task = SpawnOn(1, &CallUntilTheEnd, 0);
  GUEST_ASSERT(task > 0);
  int rounds = 0;
  for (int i = 0; i < kTimes; ++i) {
    auto probe = AttachKprobe("sys_getpid", 0, 0, counter);
    GUEST_EXPECT(probe.ok() && IsOk((*probe)->Enable()));
    const uint64_t before = counter.hits[1].Load(ebpf::kRelaxed);
    const uint64_t until = ebpf_port_time_ns() + 5'000'000'000;
    while (counter.hits[1].Load(ebpf::kRelaxed) < before + 5 &&
           ebpf_port_time_ns() < until) {
      ebpf_port_relax();
    }
    rounds += counter.hits[1].Load(ebpf::kRelaxed) >= before + 5 ? 1 : 0;
    (*probe)->Detach();
    const uint64_t after = counter.hits[1].Load(ebpf::kRelaxed);
    const uint64_t seen = calls.Load(ebpf::kRelaxed) + 5;
    while (calls.Load(ebpf::kRelaxed) < seen) {
      ebpf_port_relax();
    }
    GUEST_EXPECT_EQ(counter.hits[1].Load(ebpf::kRelaxed), after);
  }
  calls_end.Store(true, ebpf::kRelease);
  sys_join(task);
  GUEST_EXPECT_EQ(rounds, kTimes);
  GUEST_EXPECT_EQ(wrong.Load(ebpf::kRelaxed), 0);
}

}  // namespace
}  // namespace hermit
