// SPDX-License-Identifier: MIT
//
// Static keys that are switched while every CPU runs through their branches, in
// threads and in the timer's interrupts.
#include "core/base/atomic.h"
#include "core/probes/kprobe.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/static_keys/started.h"
#include "testing/guest/static_keys/subjects.h"

namespace guest::static_keys {
namespace {

using ebpf::kRelaxed;

constinit ebpf::StaticKey switched_key;
constinit ebpf::StaticKey held_key;

constexpr uint32_t kRounds = 100;

/// 1 for the key that is switched, 2 for the one that is enabled all the time.
[[gnu::noinline]] uint32_t Pass() {
  uint32_t taken = 0;
  if (EBPF_STATIC_BRANCH(switched_key)) {
    taken += 1;
  }
  if (EBPF_STATIC_BRANCH(held_key)) {
    taken += 2;
  }
  return taken;
}

/// Passes and counts.
class Passer {
 public:
  void PassOnce() {
    const uint32_t taken = Pass();
    switched.FetchAdd(taken & 1, kRelaxed);
    not_held.FetchAdd((taken & 2) == 0, kRelaxed);
    passes.FetchAdd(1, kRelaxed);
  }
  ebpf::Atomic<uint64_t> passes{0};
  ebpf::Atomic<uint64_t> switched{0};
  ebpf::Atomic<uint64_t> not_held{0};
};

/// A thread on a CPU.
class Runner : public Passer {
 public:
  bool Start(uint32_t cpu) {
    thread_ = Spawn("runner", cpu, Run, this);
    return thread_ != nullptr;
  }
  void Stop() {
    stop_.Store(true, kRelaxed);
    Join(thread_);
  }
  /// Until it has begun and ended a pass.
  void WaitForAPass() {
    const uint64_t end = passes.Load(kRelaxed) + 2;
    while (passes.Load(kRelaxed) < end) {
      Yield();
    }
  }

 private:
  static void Run(void* self) {
    auto& runner = *static_cast<Runner*>(self);
    while (!runner.stop_.Load(kRelaxed)) {
      runner.PassOnce();
      Yield();
    }
  }

  Thread* thread_ = nullptr;
  ebpf::Atomic<bool> stop_{false};
};

/// Where the timer's interrupt comes by.
class InInterrupts final : public ebpf::KprobeConsumer, public Passer {
 public:
  void Hit(ebpf::machine::PtRegs& /*regs*/) override { PassOnce(); }
};

GUEST_TEST(StaticKeys, AreSwitchedUnderLoadOnEveryCpuAndInInterrupts) {
  GUEST_ASSERT(Started());
  GUEST_ASSERT(IsOk(held_key.Enable()));
  Runner runners[kMaxCpus];
  const uint32_t cpus = OnlineCpus();
  for (uint32_t cpu = 0; cpu < cpus; ++cpu) {
    GUEST_ASSERT(runners[cpu].Start(cpu));
  }
  InInterrupts interrupts;
  auto probe = ebpf::AttachKprobe({}, reinterpret_cast<uintptr_t>(&TickThreads),
                                  0, interrupts);
  GUEST_ASSERT(probe.ok());
  GUEST_ASSERT(IsOk((*probe)->Enable()));

  uint64_t most = 0;
  uint64_t sum = 0;
  uint32_t failed = 0;
  for (uint32_t round = 0; round < kRounds; ++round) {
    const uint64_t begin = machine::Nanoseconds();
    const bool enabled = IsOk(switched_key.Enable());
    const uint64_t time = machine::Nanoseconds() - begin;
    sum += time;
    most = most < time ? time : most;
    failed += !enabled;
    GUEST_EXPECT_EQ(Pass() & 1, enabled);
    for (uint32_t cpu = 0; cpu < cpus && enabled; ++cpu) {
      const uint64_t before = runners[cpu].switched.Load(kRelaxed);
      runners[cpu].WaitForAPass();
      GUEST_EXPECT(runners[cpu].switched.Load(kRelaxed) > before);
    }
    if (enabled) {
      switched_key.Disable();
    }
    GUEST_EXPECT_EQ(Pass() & 1, 0);
    for (uint32_t cpu = 0; cpu < cpus; ++cpu) {
      runners[cpu].WaitForAPass();
      const uint64_t before = runners[cpu].switched.Load(kRelaxed);
      runners[cpu].WaitForAPass();
      GUEST_EXPECT_EQ(runners[cpu].switched.Load(kRelaxed), before);
    }
  }
  // At least a few ticks have passed.
  while (interrupts.passes.Load(kRelaxed) < 10) {
    Yield();
  }
  (*probe)->Detach();
  for (uint32_t cpu = 0; cpu < cpus; ++cpu) {
    runners[cpu].Stop();
    GUEST_EXPECT_EQ(runners[cpu].not_held.Load(kRelaxed), 0);
  }
  GUEST_EXPECT_EQ(interrupts.not_held.Load(kRelaxed), 0);
  GUEST_EXPECT_EQ(failed, 0);
  held_key.Disable();
  GUEST_EXPECT_EQ(Pass(), 0);
  Line() << "figure static_key/switch/mean_ns " << sum / kRounds;
  Line() << "figure static_key/switch/most_ns " << most;
  Line() << "passes in interrupts: " << interrupts.passes.Load(kRelaxed);
}

/// Where the no-op is, and that no probe stands there, on or off.
GUEST_TEST(StaticKeys, NoProbeStandsOnABranch) {
  GUEST_ASSERT(Started());
  ebpf::StaticKey& key = subject_key;
  const auto code = reinterpret_cast<uintptr_t>(&static_keys_branch_calls);
  InInterrupts consumer;
  constexpr uint32_t kLook = 64;
  constexpr bool kOffAndOn[] = {false, true};
  uint32_t refused[2] = {};
  for (const bool on : kOffAndOn) {
    if (on) {
      GUEST_ASSERT(IsOk(key.Enable()));
    }
    for (uint32_t at = 0; at < kLook; ++at) {
      refused[on] += ebpf::AttachKprobe({}, code + at, 0, consumer).status() ==
                     ebpf::Status::kInvalid;
    }
  }
  key.Disable();
  GUEST_EXPECT(refused[0] >= 1);
  GUEST_EXPECT_EQ(refused[0], refused[1]);
}

}  // namespace
}  // namespace guest::static_keys
