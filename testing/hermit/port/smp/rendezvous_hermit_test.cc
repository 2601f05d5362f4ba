// SPDX-License-Identifier: MIT
//
// One CPU of two stops the other, and makes it execute what was written.
#include "core/base/atomic.h"
#include "core/platform/cpu.h"
#include "core/platform/exec.h"
#include "core/platform/text.h"
#include "core/platform/time.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/port/smp/breaks.h"
#include "testing/hermit/port/smp/two_cpus.h"

namespace hermit {
namespace {

/// Two words that only change inside of a rendezvous, and always together.
constinit volatile uint64_t left = 0;
constinit volatile uint64_t right = 0;
constinit ebpf::Atomic<bool> over{false};
constinit ebpf::Atomic<uint64_t> looks{0};
constinit ebpf::Atomic<uint64_t> torn{0};

}  // namespace

/// Long enough for another CPU to be seen if it went on, even where the host
/// has one for both.
int ChangeBoth(void* /*argument*/) {
  constexpr uint64_t kLong = 2'000'000;  // ns
  left = left + 1;
  const uint64_t seen = looks.Load(ebpf::kRelaxed);
  const uint64_t end = ebpf_port_time_ns() + kLong;
  while (looks.Load(ebpf::kRelaxed) < seen + 2 && ebpf_port_time_ns() < end) {
    ebpf_port_relax();
  }
  right = right + 1;
  return 0;
}

namespace {

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
  constexpr uint64_t kTimes = 50;
  GUEST_ASSERT(ProbesAreUp());
  over.Store(false, ebpf::kRelaxed);
  looks.Store(0, ebpf::kRelaxed);
  torn.Store(0, ebpf::kRelaxed);
  const uint64_t before = right;
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
  GUEST_EXPECT_EQ(right - before, kTimes);
  GUEST_EXPECT_EQ(torn.Load(ebpf::kRelaxed), 0);
}

GUEST_TEST(Rendezvous, StopsAnIdleCpu) {
  constexpr uint64_t kTimes = 30;
  GUEST_ASSERT(ProbesAreUp());
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

/// Spins for a second at most.
bool WaitForSyncs(uint32_t cpu, uint64_t count) {
  const uint64_t until = ebpf_port_time_ns() + 1'000'000'000;
  while (SyncsOn(cpu) < count && ebpf_port_time_ns() < until) {
    ebpf_port_relax();
  }
  return SyncsOn(cpu) >= count;
}

GUEST_TEST(Rendezvous, MakesCodeFreshOnTheOtherCpu) {
  constexpr uint64_t kTimes = 20;
  GUEST_ASSERT(ProbesAreUp());
  const uint64_t before = SyncsOn(1);
  for (uint64_t i = 1; i <= kTimes; ++i) {
    int result = 1;
    GUEST_EXPECT_EQ(ebpf_port_stop_machine(&ChangeBoth, nullptr, &result), 0);
    GUEST_ASSERT(WaitForSyncs(1, before + i));
  }
}

GUEST_TEST(Text, OfNewMemoryIsMadeFreshElsewhere) {
  constexpr size_t kSize = 64;
  GUEST_ASSERT(ProbesAreUp());
  void* const memory = ebpf_port_exec_alloc(
      kSize, reinterpret_cast<uintptr_t>(&sys_getpid), 128 << 20);
  GUEST_ASSERT(memory != nullptr);
  const uint8_t bytes[kSize] = {};
  const uint64_t before = SyncsElsewhere();
  GUEST_EXPECT_EQ(ebpf_port_exec_write(memory, bytes, kSize), 0);
  GUEST_EXPECT_EQ(SyncsElsewhere() - before, 1);
  ebpf_port_exec_free(memory, kSize);
}

GUEST_TEST(Rendezvous, ComesFromBothCpusAtOnce) {
  GUEST_ASSERT(ProbesAreUp());
  static constexpr int kEach = 20;
  static constinit ebpf::Atomic<uint64_t> failures{0};
  static constinit uint64_t begin = 0;
  begin = right;
  GUEST_ASSERT(RunOnAll([](uintptr_t) {
    LetInterruptsIn();
    for (int i = 0; i < kEach; ++i) {
      int result = 1;
      failures.FetchAdd(
          ebpf_port_stop_machine(&ChangeBoth, nullptr, &result) != 0 ? 1 : 0,
          ebpf::kRelaxed);
    }
  }));
  GUEST_EXPECT_EQ(failures.Load(ebpf::kRelaxed), 0);
  GUEST_EXPECT_EQ(right - begin, kCpus * kEach);
  GUEST_EXPECT_EQ(left, right);
}

GUEST_TEST(Rendezvous, TellsOfACpuThatLetsNoInterruptsIn) {
  GUEST_ASSERT(ProbesAreUp());
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

}  // namespace
}  // namespace hermit
