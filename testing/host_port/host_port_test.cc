// SPDX-License-Identifier: MIT
#include <atomic>
#include <errno.h>
#include <string.h>
#include <thread>

#include "core/platform/cpu.h"
#include "core/platform/log.h"
#include "core/platform/memory.h"
#include "core/platform/task.h"
#include "core/platform/text.h"
#include "core/platform/time.h"
#include "core/platform/user.h"
#include "core/platform/wake.h"
#include "core/sync/lock_rank_check.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_clock.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_log.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_task.h"
#include "testing/host_port/host_user.h"
#include "testing/host_port/host_wake.h"

namespace ebpf {
namespace {

TEST(HostCpuTest, ThreadsHaveTheNumberThatTheyRegistered) {
  EXPECT_EQ(ebpf_port_cpu_id(), 0u);
  uint32_t first = 99, moved = 99, back = 99;
  std::thread thread([&] {
    HostCpu cpu(2);
    first = ebpf_port_cpu_id();
    {
      HostCpu other(3);
      moved = ebpf_port_cpu_id();
    }
    back = ebpf_port_cpu_id();
  });
  thread.join();
  EXPECT_EQ(first, 2u);
  EXPECT_EQ(moved, 3u);
  EXPECT_EQ(back, 2u);
}

TEST(HostCpuDeathTest, RefusesTwoThreadsWithOneNumber) {
  EXPECT_DEATH(std::thread([] { HostCpu cpu(0); }).join(), "another thread");
}

TEST(HostCpuDeathTest, RefusesAThreadThatIsNoCpu) {
  EXPECT_DEATH(std::thread([] { ebpf_port_cpu_id(); }).join(), "no CPU");
}

TEST(HostCpuDeathTest, RefusesToRestoreInterruptsOutOfOrder) {
  const uintptr_t outer = ebpf_port_irq_save();
  const uintptr_t inner = ebpf_port_irq_save();
  EXPECT_DEATH(ebpf_port_irq_restore(outer), "innermost");
  ebpf_port_irq_restore(inner);
  ebpf_port_irq_restore(outer);
  EXPECT_FALSE(HostIrqsMasked());
}

TEST(HostMemoryTest, GivesZeroedAlignedMemoryAndKeepsABalance) {
  const uint64_t before = HostAllocatedBytes();
  for (size_t align = 1; align <= 4096; align *= 2) {
    auto* memory = static_cast<uint8_t*>(ebpf_port_alloc(100, align));
    ASSERT_NE(memory, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % align, 0u);
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(memory[i], 0);
    }
    EXPECT_EQ(HostAllocatedBytes(), before + 100);
    memset(memory, 0xff, 100);
    ebpf_port_free(memory, 100, align);
  }
  EXPECT_EQ(HostAllocatedBytes(), before);
}

TEST(HostMemoryTest, FailsTheNthAllocationOnce) {
  FailNthAllocation(2);
  void* first = ebpf_port_alloc(8, 8);
  EXPECT_NE(first, nullptr);
  EXPECT_FALSE(AllocationFailed());
  EXPECT_EQ(ebpf_port_alloc(8, 8), nullptr);
  EXPECT_TRUE(AllocationFailed());
  void* third = ebpf_port_alloc(8, 8);
  EXPECT_NE(third, nullptr);
  ebpf_port_free(first, 8, 8);
  ebpf_port_free(third, 8, 8);
}

TEST(HostMemoryDeathTest, RefusesTheWrongSizeAndContext) {
  void* memory = ebpf_port_alloc(8, 8);
  EXPECT_DEATH(ebpf_port_free(memory, 16, 8), "size and alignment");
  EXPECT_DEATH(ebpf_port_free(&memory, 8, 8), "no such block");
  EXPECT_DEATH(
      {
        HostTrap trap;
        ebpf_port_free(memory, 8, 8);
      },
      "in a trap");
  EXPECT_DEATH(
      {
        ebpf_port_irq_save();
        ebpf_port_free(memory, 8, 8);
      },
      "interrupts masked");
  ebpf_port_free(memory, 8, 8);
}

TEST(FailingAllocatorTest, TriesEachAllocationInTurn) {
  int runs = 0;
  const uint64_t n =
      ForEachFailingAllocation("test", [&](Allocator& allocator) {
        ++runs;
        void* a = allocator.Allocate(8, 8);
        void* b = a == nullptr ? nullptr : allocator.Allocate(8, 8);
        for (void* memory : {a, b}) {
          if (memory != nullptr) {
            allocator.Free(memory, 8, 8);
          }
        }
      });
  EXPECT_EQ(n, 3u);
  EXPECT_EQ(runs, 3);
}

TEST(LockRankDeathTest, PanicsOnAFallingOrEqualRank) {
  using lock_rank_check::Acquire;
  using lock_rank_check::Release;
  Acquire(LockRank::kMapBucket);
  EXPECT_DEATH(Acquire(LockRank::kFdTable), "rank 1 taken under rank 10");
  EXPECT_DEATH(Acquire(LockRank::kMapBucket), "rank 10 taken under rank 10");
  EXPECT_DEATH((void)ebpf_port_alloc(8, 8), "spin lock held");
  Acquire(LockRank::kTraceLog);
  {
    HostTrap trap;  // interrupts the holder: only TryLock gets here
    Acquire(LockRank::kMapBucket);
    Release(LockRank::kMapBucket);
  }
  Release(LockRank::kMapBucket);
  Release(LockRank::kTraceLog);
  EXPECT_DEATH(Release(LockRank::kTraceLog), "does not hold");
}

TEST(HostLogTest, KeepsWhatWasLogged) {
  ClearHostLog();
  ebpf_port_log("one\n", 4);
  ebpf_port_log("two\n", 4);
  EXPECT_EQ(HostLog(), "one\ntwo\n");
}

TEST(HostClockTest, StandsStillWhereATestWantsIt) {
  const uint64_t before = ebpf_port_time_ns();
  SetHostTime(42);
  EXPECT_EQ(ebpf_port_time_ns(), 42u);
  ResumeHostTime();
  EXPECT_GE(ebpf_port_time_ns(), before);
}

TEST(HostClockTest, GivesTheSameNumbersForTheSameSeed) {
  SeedHostRandom(7);
  const uint64_t first = ebpf_port_random();
  EXPECT_NE(ebpf_port_random(), first);
  SeedHostRandom(7);
  EXPECT_EQ(ebpf_port_random(), first);
}

TEST(HostUserMemoryTest, CopiesInsideAndFaultsOutside) {
  uint64_t value = 0;
  EXPECT_FALSE(ebpf_port_copy_from_user(&value, HostUserMemory::kBase, 8));
  HostUserMemory user(64);
  const uint64_t sent = 0x1122334455667788;
  const uint64_t at = user.Put(&sent, sizeof(sent));
  EXPECT_TRUE(ebpf_port_copy_from_user(&value, at, 8));
  EXPECT_EQ(value, sent);
  EXPECT_TRUE(ebpf_port_copy_to_user(at + 56, &sent, 8));
  EXPECT_FALSE(ebpf_port_copy_to_user(at + 57, &sent, 8));
  EXPECT_FALSE(ebpf_port_copy_from_user(&value, at - 1, 8));
  EXPECT_FALSE(ebpf_port_copy_from_user(&value, at, ~size_t{0}));
  EXPECT_FALSE(
      ebpf_port_copy_from_user(&value, reinterpret_cast<uint64_t>(&sent), 8));
}

TEST(HostUserTest, HasTheCapabilitiesThatATestGives) {
  EXPECT_TRUE(ebpf_port_capable(39));
  SetHostCapabilities(uint64_t{1} << 38);
  EXPECT_FALSE(ebpf_port_capable(39));
  EXPECT_TRUE(ebpf_port_capable(38));
  EXPECT_FALSE(ebpf_port_capable(-1));
  SetHostCapabilities(~uint64_t{0});
}

TEST(HostTaskTest, IsWhoATestSays) {
  SetHostTask(12, 10, "a-long-command-name");
  uint32_t pid = 0, tgid = 0;
  char comm[16];
  ebpf_port_task_ids(&pid, &tgid);
  EXPECT_EQ(pid, 12u);
  EXPECT_EQ(tgid, 10u);
  EXPECT_TRUE(ebpf_port_task_comm(comm, sizeof(comm)));
  EXPECT_STREQ(comm, "a-long-command-");
  SetHostTask(1, 1, nullptr);
  EXPECT_FALSE(ebpf_port_task_comm(comm, sizeof(comm)));
  SetHostTask(1, 1, "host");
}

TEST(HostTaskTest, CountsWakes) {
  int file;
  ClearHostWakes();
  ebpf_port_wake(&file);
  ebpf_port_wake(&file);
  EXPECT_EQ(HostWakeCount(&file), 2u);
  EXPECT_EQ(HostWakeCount(nullptr), 0u);
}

struct Spinner {
  std::atomic<bool> stop{false};
  std::atomic<bool> running{false};
  std::atomic<uint64_t> turns{0};

  void Run(uint32_t number) {
    HostCpu cpu(number);
    running = true;
    while (!stop) {
      ++turns;
    }
  }
};

TEST(HostRendezvousTest, StopsTheOtherCpus) {
  Spinner spinners[2];
  std::thread threads[2];
  for (uint32_t i = 0; i < 2; ++i) {
    threads[i] = std::thread([&spinners, i] { spinners[i].Run(i + 1); });
    while (!spinners[i].running) {
      ebpf_port_relax();
    }
  }
  for (int round = 0; round < 50; ++round) {
    int result = 0;
    const int status = ebpf_port_stop_machine(
        [](void* argument) {
          auto* s = static_cast<Spinner*>(argument);
          const uint64_t before[] = {s[0].turns, s[1].turns};
          for (int i = 0; i < 100; ++i) {
            ebpf_port_relax();
          }
          return s[0].turns == before[0] && s[1].turns == before[1] ? 7 : 8;
        },
        spinners, &result);
    ASSERT_EQ(status, 0);
    ASSERT_EQ(result, 7);
  }
  for (uint32_t i = 0; i < 2; ++i) {
    spinners[i].stop = true;
    threads[i].join();
  }
}

TEST(HostRendezvousTest, WhoIsStoppedAgainAndAgainGetsOn) {
  Spinner spinner;
  std::thread thread([&spinner] { spinner.Run(1); });
  while (!spinner.running) {
    ebpf_port_relax();
  }
  constexpr int kRounds = 200;
  int got_on = 0;
  uint64_t last = 0;
  for (int round = 0; round < kRounds; ++round) {
    int result = 0;
    ASSERT_EQ(ebpf_port_stop_machine([](void*) { return 0; }, nullptr, &result),
              0);
    const uint64_t turns = spinner.turns;
    got_on += turns != last ? 1 : 0;
    last = turns;
  }
  spinner.stop = true;
  thread.join();
  EXPECT_GT(got_on, kRounds * 3 / 4);
}

TEST(HostRendezvousTest, GivesUpWhenACpuMasksInterrupts) {
  std::atomic<int> step{0};
  std::thread thread([&] {
    HostCpu cpu(1);
    const uintptr_t irq = ebpf_port_irq_save();
    step = 1;
    while (step != 2) {
      ebpf_port_relax();
    }
    ebpf_port_irq_restore(irq);
    while (step != 3) {
      ebpf_port_relax();
    }
  });
  while (step != 1) {
    ebpf_port_relax();
  }
  SetHostRendezvousTimeout(20);
  int result = 0;
  const auto set = [](void* ran) {
    *static_cast<bool*>(ran) = true;
    return 0;
  };
  bool ran = false;
  EXPECT_EQ(ebpf_port_stop_machine(set, &ran, &result), -EBUSY);
  EXPECT_FALSE(ran);
  SetHostRendezvousTimeout(10000);
  step = 2;
  EXPECT_EQ(ebpf_port_stop_machine(set, &ran, &result), 0);
  EXPECT_TRUE(ran);
  step = 3;
  thread.join();
}

TEST(HostRendezvousTest, IsAbsentWhereATestSaysSo) {
  SetHostTextSupport(false);
  int result = 0;
  EXPECT_EQ(ebpf_port_stop_machine([](void*) { return 0; }, nullptr, &result),
            -EOPNOTSUPP);
  SetHostTextSupport(true);
}

TEST(HostRendezvousDeathTest, RefusesWhoCannotBeStoppedItself) {
  int result = 0;
  EXPECT_DEATH(
      {
        ebpf_port_irq_save();
        (void)ebpf_port_stop_machine([](void*) { return 0; }, nullptr, &result);
      },
      "interrupts masked");
}

TEST(HostMemoryTest, GivesNoMoreThanTheLimit) {
  SetHostMemoryLimit(HostAllocatedBytes() + 100);
  void* first = ebpf_port_alloc(60, 8);
  void* second = ebpf_port_alloc(60, 8);
  void* third = ebpf_port_alloc(40, 8);
  SetHostMemoryLimit(UINT64_MAX);

  EXPECT_NE(first, nullptr);
  EXPECT_EQ(second, nullptr);
  EXPECT_NE(third, nullptr);
  ebpf_port_free(first, 60, 8);
  ebpf_port_free(third, 40, 8);
}

}  // namespace
}  // namespace ebpf
