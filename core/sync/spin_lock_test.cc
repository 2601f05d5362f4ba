// SPDX-License-Identifier: MIT
#include "core/sync/spin_lock.h"

#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

using BucketLock = SpinLock<LockRank::kMapBucket>;

// Not analysed: callers hold the lock, which is what the tests are about.
bool CanTake(BucketLock& lock) EBPF_NO_THREAD_SAFETY_ANALYSIS {
  uintptr_t irq = 0;
  if (!lock.TryLock(irq)) {
    return false;
  }
  lock.Unlock(irq);
  return true;
}

TEST(SpinLockTest, OneCpuAtATimeHoldsIt) {
  BucketLock lock;
  uint64_t unprotected = 0;  // TSan sees if it is
  std::vector<std::thread> cpus;
  for (uint32_t cpu = 1; cpu <= 3; ++cpu) {
    cpus.emplace_back([&, cpu] {
      const HostCpu self(cpu);
      for (int i = 0; i < 5000; ++i) {
        if (i % 2 == 0) {
          const SpinGuard guard(lock);
          ++unprotected;
        } else {
          uintptr_t irq = 0;
          while (!lock.TryLock(irq)) {
          }
          ++unprotected;
          lock.Unlock(irq);
        }
      }
    });
  }
  for (std::thread& cpu : cpus) {
    cpu.join();
  }
  EXPECT_EQ(unprotected, 15000u);
}

TEST(SpinLockTest, MasksInterruptsWhileItIsHeld) {
  BucketLock lock;
  {
    const SpinGuard guard(lock);
    EXPECT_TRUE(HostIrqsMasked());
  }
  EXPECT_FALSE(HostIrqsMasked());
  uintptr_t irq = 0;
  if (!lock.TryLock(irq)) {
    FAIL();
  }
  EXPECT_TRUE(HostIrqsMasked());
  lock.Unlock(irq);
  EXPECT_FALSE(HostIrqsMasked());
}

TEST(SpinLockTest, TryLockFailsAtOnceInATrapOfItsHolder) {
  BucketLock lock;
  const SpinGuard guard(lock);
  const HostTrap trap;

  EXPECT_FALSE(CanTake(lock));
}

TEST(SpinLockTest, TryLockThatFailedLeavesInterruptsAsTheyWere) {
  BucketLock lock;
  std::thread other([&] {
    const HostCpu self(1);
    uintptr_t irq = 0;
    if (!lock.TryLock(irq)) {
      FAIL();
    }
    // A trap on this CPU: interrupts stay as they were there, masked.
    {
      const HostTrap trap;
      EXPECT_FALSE(CanTake(lock));
      EXPECT_TRUE(HostIrqsMasked());
    }
    lock.Unlock(irq);
    EXPECT_FALSE(HostIrqsMasked());
  });
  other.join();
}

TEST(SpinLockDeathTest, TakingLocksAgainstTheirRankIsAPanic) {
  SpinLock<LockRank::kMapFreeList> inner;
  SpinLock<LockRank::kMapBucket> outer;
  EXPECT_DEATH(
      {
        const SpinGuard first(inner);
        const SpinGuard second(outer);
      },
      "lock of rank 10 taken under rank 11");
}

TEST(SpinLockTest, TakingLocksInRisingRankIsFine) {
  SpinLock<LockRank::kMapBucket> outer;
  SpinLock<LockRank::kMapFreeList> inner;
  const SpinGuard first(outer);
  const SpinGuard second(inner);
}

}  // namespace
}  // namespace ebpf
