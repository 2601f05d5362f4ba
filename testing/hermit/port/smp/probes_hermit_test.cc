// SPDX-License-Identifier: MIT
//
// Probes that two CPUs hit.
#include "core/base/atomic.h"
#include "core/platform/cpu.h"
#include "core/platform/time.h"
#include "core/probes/kprobe.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/port/smp/two_cpus.h"

namespace hermit {
namespace {

using ebpf::AttachKprobe;
using ebpf::KprobeConsumer;

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
  GUEST_ASSERT(ProbesAreUp());
  static CounterOfCpus counter;
  for (auto& hits : counter.hits) {
    hits.Store(0, ebpf::kRelaxed);
  }
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
  constexpr int kTimes = 50;
  GUEST_ASSERT(ProbesAreUp());
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
