// SPDX-License-Identifier: MIT
#include "core/sync/mutex.h"

#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

TEST(MutexTest, OneTaskAtATimeHoldsIt) {
  Mutex mutex;
  uint64_t unprotected = 0;  // TSan sees if it is
  std::vector<std::thread> tasks;
  for (uint32_t cpu = 1; cpu <= 3; ++cpu) {
    tasks.emplace_back([&, cpu] {
      const HostCpu self(cpu);
      for (int i = 0; i < 5000; ++i) {
        const MutexGuard guard(mutex);
        ++unprotected;
      }
    });
  }
  for (std::thread& task : tasks) {
    task.join();
  }
  EXPECT_EQ(unprotected, 15000u);
}

TEST(MutexTest, WhoWaitsHasItBeforeWhoComesBack) {
  Mutex mutex;
  mutex.Lock();
  bool was_there = false;
  std::thread other([&] {
    const HostCpu cpu(1);
    const MutexGuard guard(mutex);
    was_there = true;
  });
  while (mutex.CountForTest() != 2) {
    std::this_thread::yield();
  }
  mutex.Unlock();
  mutex.Lock();
  EXPECT_TRUE(was_there);
  mutex.Unlock();
  other.join();
}

TEST(MutexTest, LeavesInterruptsOn) {
  Mutex mutex;
  const MutexGuard guard(mutex);
  EXPECT_FALSE(HostIrqsMasked());
}

}  // namespace
}  // namespace ebpf
