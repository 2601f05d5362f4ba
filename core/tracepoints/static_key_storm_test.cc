// SPDX-License-Identifier: MIT
//
// Static keys that are switched while threads run through their branches.
#include <atomic>
#include <thread>
#include <vector>

#include "core/memory/allocator.h"
#include "core/platform/cpu.h"
#include "core/tracepoints/static_key.h"
#include "gtest/gtest.h"
#include "machine/static_branch.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_machine.h"

namespace ebpf {
namespace {

StaticKey switched_key;
StaticKey held_key;

/// 1 for the switched one, 2 for the one that is enabled all the time.
[[gnu::noinline]] int Pass() {
  int taken = 0;
  if (EBPF_STATIC_BRANCH(switched_key)) {
    taken += 1;
  }
  if (EBPF_STATIC_BRANCH(held_key)) {
    taken += 2;
  }
  return taken;
}

/// A CPU that runs through the branches until it is told to stop.
struct Runner {
  void Run(uint32_t number) {
    HostCpu cpu(number);
    while (!stop) {
      const int taken = Pass();
      ++passes;
      held += (taken & 2) != 0;
      switched += taken & 1;
    }
  }
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> passes{0};
  std::atomic<uint64_t> held{0};
  std::atomic<uint64_t> switched{0};
};

class StaticKeyStormTest : public testing::Test {
 protected:
  StaticKeyStormTest() {
    EXPECT_EQ(InitStaticKeys(ThisMachine(), PortAllocator()), Status::kOk);
    EXPECT_EQ(held_key.Enable(), Status::kOk);
    for (uint32_t i = 0; i < kRunners; ++i) {
      threads_.emplace_back([this, i] { runners_[i].Run(i + 1); });
    }
    for (Runner& runner : runners_) {
      WaitFor(runner.passes, 1);
    }
  }
  ~StaticKeyStormTest() override {
    for (Runner& runner : runners_) {
      runner.stop = true;
    }
    for (std::thread& thread : threads_) {
      thread.join();
    }
    for (const Runner& runner : runners_) {
      EXPECT_EQ(runner.held, runner.passes);  // each time
    }
    held_key.Disable();
    EXPECT_EQ(Pass(), 0);
    ExitStaticKeys();
  }
  static void WaitFor(const std::atomic<uint64_t>& count, uint64_t least) {
    while (count < least) {
      ebpf_port_relax();
    }
  }

  static constexpr uint32_t kRunners = 2;
  Runner runners_[kRunners];
  std::vector<std::thread> threads_;
};

TEST_F(StaticKeyStormTest, EverybodySeesEachChangeAtOnce) {
  for (int round = 0; round < 20; ++round) {
    ASSERT_EQ(switched_key.Enable(), Status::kOk);
    for (Runner& runner : runners_) {
      // A pass that begins now is taken: two ends, since one was under way.
      const uint64_t taken = runner.switched;
      WaitFor(runner.passes, runner.passes + 2);
      EXPECT_GT(runner.switched, taken);
    }
    switched_key.Disable();
    for (Runner& runner : runners_) {
      WaitFor(runner.passes, runner.passes + 2);
      const uint64_t taken = runner.switched;
      WaitFor(runner.passes, runner.passes + 10);
      EXPECT_EQ(runner.switched, taken);
    }
  }
}

TEST_F(StaticKeyStormTest, TasksMaySwitchAtTheSameTime) {
  std::atomic<int> failures{0};
  const auto work = [&] {
    for (int round = 0; round < 100; ++round) {
      if (!IsOk(switched_key.Enable())) {
        ++failures;
        continue;
      }
      failures += (Pass() & 1) == 0;  // while it is ours it is taken
      switched_key.Disable();
    }
  };
  std::thread other([&] {
    HostCpu cpu(kRunners + 1);
    work();
  });
  work();
  other.join();
  EXPECT_EQ(failures, 0);
  EXPECT_FALSE(switched_key.enabled());
  EXPECT_EQ(Pass(), 2);
}

}  // namespace
}  // namespace ebpf
