// SPDX-License-Identifier: MIT
#include "core/sync/lock_wait.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "core/sync/spin_lock.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

/// Far fewer than a wait without circles takes.
constexpr int kFew = 300;

TEST(LockWaitTest, TwoThatWaitForEachOtherSeeItInAFewTries) {
  LockWait one(1);
  LockWait two(2);
  bool one_sees = false;
  bool two_sees = false;
  for (int i = 0; i < kFew && !one_sees && !two_sees; ++i) {
    one_sees = one.IsInVain(2);
    two_sees = two.IsInVain(1);
  }
  EXPECT_TRUE(one_sees || two_sees);
}

TEST(LockWaitTest, CirclesOfMoreAreSeenToo) {
  for (const uint32_t count : {3u, 8u, 17u}) {
    std::vector<std::unique_ptr<LockWait>> waits;
    for (uint32_t cpu = 0; cpu < count; ++cpu) {
      waits.push_back(std::make_unique<LockWait>(cpu + 1));
    }
    bool is_seen = false;
    // Each step of each round takes a few tries.
    const uint32_t enough = 4 * count * count + kFew;
    for (uint32_t i = 0; i < enough && !is_seen; ++i) {
      for (uint32_t cpu = 0; cpu < count; ++cpu) {
        is_seen |= waits[cpu]->IsInVain((cpu + 1) % count + 1);
      }
    }
    EXPECT_TRUE(is_seen) << count;
  }
}

TEST(LockWaitTest, AHolderThatStandsStillIsNoCircle) {
  LockWait one(1);
  LockWait two(2);
  // It was not scheduled since: nobody knows whether it waits still.
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(two.IsInVain(1));
  }
  for (int i = 0; i < 10 * kFew; ++i) {
    EXPECT_FALSE(one.IsInVain(2));
  }
}

TEST(LockWaitTest, ALockThatChangesHandsIsNoCircle) {
  LockWait one(1);
  LockWait two(2);
  for (int i = 0; i < 10 * kFew; ++i) {
    EXPECT_FALSE(one.IsInVain(i % 2 == 0 ? 2 : 3));
    EXPECT_FALSE(two.IsInVain(i % 3 == 0 ? 1 : 4));
  }
}

TEST(LockWaitTest, ACircleOfOthersIsTheirs) {
  LockWait one(1);
  LockWait two(2);
  LockWait three(3);
  bool is_theirs = false;
  for (int i = 0; i < 10 * kFew; ++i) {
    EXPECT_FALSE(one.IsInVain(2));
    is_theirs |= two.IsInVain(3);
    is_theirs |= three.IsInVain(2);
  }
  EXPECT_TRUE(is_theirs);
}

TEST(LockWaitTest, AWaitThatEndedIsNoCircle) {
  LockWait one(1);
  for (int i = 0; i < 10 * kFew; ++i) {
    {
      LockWait two(2);
      EXPECT_FALSE(two.IsInVain(1));
    }
    EXPECT_FALSE(one.IsInVain(2));
  }
}

TEST(LockWaitTest, HoldersWithoutAWordAreWaitedFor) {
  LockWait one(1);
  LockWait far(100000);
  bool far_sees = false;
  for (int i = 0; i < kFew; ++i) {
    EXPECT_FALSE(one.IsInVain(100000));
    far_sees |= far.IsInVain(1);
  }
  EXPECT_TRUE(far_sees);
  for (int i = 0; i < kFew; ++i) {
    EXPECT_FALSE(one.IsInVain(0xffffffff));
  }
}

// Not analysed: a trap's program that failed to take a lock holds none.
bool TryInTrap(SpinLock<LockRank::kMapBucket>& lock)
    EBPF_NO_THREAD_SAFETY_ANALYSIS {
  const HostTrap trap;
  uintptr_t irq = 0;
  if (!lock.TryLock(irq)) {
    return false;
  }
  lock.Unlock(irq);
  return true;
}

TEST(LockWaitTest, CpusInTrapsThatHoldEachOthersLocksGoOn) {
  constexpr uint32_t kCpus = 3;
  constexpr int kRounds = 50;
  SpinLock<LockRank::kMapBucket> locks[kCpus];
  std::atomic<int> arrived{0};
  std::atomic<uint32_t> refused{0};
  std::vector<std::thread> cpus;
  for (uint32_t cpu = 0; cpu < kCpus; ++cpu) {
    cpus.emplace_back([&, cpu] {
      const HostCpu self(cpu + 1);
      int barriers = 0;
      const auto meet = [&] {
        ++arrived;
        ++barriers;
        while (arrived < barriers * static_cast<int>(kCpus)) {
          ebpf_port_relax();
        }
      };
      for (int round = 0; round < kRounds; ++round) {
        {
          const SpinGuard guard(locks[cpu]);
          meet();
          refused += TryInTrap(locks[(cpu + 1) % kCpus]) ? 0 : 1;
        }
        meet();
      }
    });
  }
  for (std::thread& cpu : cpus) {
    cpu.join();
  }
  EXPECT_GE(refused, static_cast<uint32_t>(kRounds));
}

}  // namespace
}  // namespace ebpf
