// SPDX-License-Identifier: MIT
#include <linux/bpf.h>
#include <thread>
#include <vector>

#include "core/helpers/helper_test_util.h"
#include "core/maps/value_lock.h"
#include "core/program/run_context.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

class SpinLockHelpersTest : public ::testing::Test {
 protected:
  SpinLockHelpersTest() {
    EXPECT_EQ(InitRunContexts(PortAllocator()), Status::kOk);
  }
  ~SpinLockHelpersTest() override { ExitRunContexts(); }
};

TEST_F(SpinLockHelpersTest, InterruptsAreMaskedWhileALockIsHeld) {
  RunContext* run = BeginRun();
  uint32_t lock = 0;
  EXPECT_FALSE(HostIrqsMasked());
  Call(BPF_FUNC_spin_lock, Address(&lock));
  EXPECT_TRUE(HostIrqsMasked());
  EXPECT_NE(lock, 0u);
  Call(BPF_FUNC_spin_unlock, Address(&lock));
  EXPECT_FALSE(HostIrqsMasked());
  EXPECT_EQ(lock, 0u);
  EndRun(run);
}

TEST_F(SpinLockHelpersTest, KeepsOtherCpusOut) {
  constexpr int kCpus = 3;
  constexpr int kRounds = 20000;
  uint32_t lock = 0;
  uint64_t first = 0;
  uint64_t second = 0;
  std::vector<std::thread> threads;
  for (int number = 1; number <= kCpus; ++number) {
    threads.emplace_back([&, number] {
      const HostCpu cpu(static_cast<uint32_t>(number));
      for (int i = 0; i < kRounds; ++i) {
        RunContext* run = BeginRun();
        Call(BPF_FUNC_spin_lock, Address(&lock));
        EXPECT_EQ(first, second);
        ++first;
        ++second;
        Call(BPF_FUNC_spin_unlock, Address(&lock));
        EndRun(run);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(first, uint64_t{kCpus} * kRounds);
}

TEST_F(SpinLockHelpersTest, ItIsTheLockThatUpdatesTake) {
  RunContext* run = BeginRun();
  alignas(8) uint32_t lock = 0;
  Call(BPF_FUNC_spin_lock, Address(&lock));
  uintptr_t irq;
  auto& same = *reinterpret_cast<ValueLock*>(&lock);
  const bool taken = same.TryLock(irq);
  EXPECT_FALSE(taken);
  if (taken) {
    same.Unlock(irq);
  }
  Call(BPF_FUNC_spin_unlock, Address(&lock));
  EndRun(run);
}

}  // namespace
}  // namespace ebpf
