// SPDX-License-Identifier: MIT
#include "core/platform/rendezvous.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "core/platform/cpu.h"
#include "core/platform/errors.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

constexpr uint32_t kCpus = 4;

/// CPUs that look for interrupts all the time.
class RendezvousTest : public testing::Test {
 protected:
  RendezvousTest() {
    for (uint32_t cpu = 0; cpu < kCpus; ++cpu) {
      is_interrupted[cpu] = false;
      is_online[cpu] = cpu == 0;
    }
    is_ending = false;
    syncs = 0;
  }
  ~RendezvousTest() override { EndCpus(); }

  void StartCpu(uint32_t number) {
    is_online[number] = true;
    threads_.emplace_back([this, number] {
      const HostCpu cpu(number);
      while (!is_ending) {
        Answer(number);
        std::this_thread::yield();
      }
    });
  }
  void Answer(uint32_t number) {
    if (is_interrupted[number].exchange(false)) {
      rendezvous_.Join();
    }
  }
  void EndCpus() {
    is_ending = true;
    for (std::thread& thread : threads_) {
      thread.join();
    }
    threads_.clear();
  }

  /// On a busy host a CPU may not come in time.
  int StopAtLast(int (*function)(void*), void* argument, int* result) {
    int status = kMinusBusy;
    while (status == kMinusBusy) {
      status = rendezvous_.Stop(function, argument, result);
    }
    return status;
  }

  static inline std::atomic<bool> is_interrupted[kCpus];
  static inline std::atomic<bool> is_online[kCpus];
  static inline std::atomic<bool> is_ending;
  static inline std::atomic<int> syncs;

  Rendezvous rendezvous_{{[](uint32_t cpu) { return is_online[cpu].load(); },
                          [](uint32_t cpu) { is_interrupted[cpu] = true; },
                          [] { ++syncs; }}};
  std::vector<std::thread> threads_;
};

TEST_F(RendezvousTest, OneCpuAloneRunsItsFunctionMasked) {
  int result = 0;
  const auto function = [](void* rendezvous) {
    EXPECT_TRUE(static_cast<Rendezvous*>(rendezvous)->IsStopped());
    return HostIrqsMasked() ? 7 : 1;
  };
  EXPECT_EQ(rendezvous_.Stop(function, &rendezvous_, &result), 0);
  EXPECT_EQ(result, 7);
  EXPECT_EQ(syncs, 1);
  EXPECT_FALSE(HostIrqsMasked());
  EXPECT_FALSE(rendezvous_.IsStopped());
}

TEST_F(RendezvousTest, OthersStandStillWhileTheFunctionRuns) {
  static std::atomic<uint64_t> steps[kCpus];
  for (uint32_t number = 1; number < kCpus; ++number) {
    is_online[number] = true;
    threads_.emplace_back([this, number] {
      const HostCpu cpu(number);
      while (!is_ending) {
        ++steps[number];
        Answer(number);
        std::this_thread::yield();
      }
    });
  }
  const auto function = [](void* rendezvous) {
    uint64_t before[kCpus];
    for (uint32_t cpu = 1; cpu < kCpus; ++cpu) {
      before[cpu] = steps[cpu];
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    for (uint32_t cpu = 1; cpu < kCpus; ++cpu) {
      EXPECT_EQ(steps[cpu], before[cpu]);
    }
    EXPECT_TRUE(static_cast<Rendezvous*>(rendezvous)->IsStopped());
    return 3;
  };
  for (int i = 0; i < 5; ++i) {
    int result = 0;
    ASSERT_EQ(StopAtLast(function, &rendezvous_, &result), 0);
    ASSERT_EQ(result, 3);
  }
}

TEST_F(RendezvousTest, OnlyWhoRunsTheFunctionIsInsideOfIt) {
  StartCpu(1);
  static Rendezvous* rendezvous;
  rendezvous = &rendezvous_;
  int result = 0;
  const auto function = [](void*) {
    bool is_inside = true;
    std::thread([&] {
      const HostCpu cpu(2);
      is_inside = rendezvous->IsStopped();
    }).join();
    return is_inside ? 1 : 2;
  };
  EXPECT_EQ(StopAtLast(function, nullptr, &result), 0);
  EXPECT_EQ(result, 2);
}

TEST_F(RendezvousTest, NothingHappensWhereACpuDoesNotCome) {
  is_online[1] = true;  // and nobody is there
  static bool ran;
  ran = false;
  int result = 5;
  const auto function = [](void*) {
    ran = true;
    return 0;
  };
  EXPECT_EQ(rendezvous_.Stop(function, nullptr, &result), kMinusBusy);
  EXPECT_FALSE(ran);
  EXPECT_EQ(result, 5);
  EXPECT_FALSE(HostIrqsMasked());
  // Who comes too late does not stand, and the next one finds everybody.
  std::thread([&] {
    const HostCpu cpu(1);
    EXPECT_TRUE(is_interrupted[1]);
    Answer(1);
  }).join();
  StartCpu(1);
  EXPECT_EQ(StopAtLast(function, nullptr, &result), 0);
  EXPECT_TRUE(ran);
  EXPECT_EQ(result, 0);
}

TEST_F(RendezvousTest, WhoComesTwiceForOneStandsOnce) {
  StartCpu(1);
  int result = 0;
  EXPECT_EQ(StopAtLast([](void*) { return 0; }, nullptr, &result), 0);
  is_interrupted[1] = true;  // an interrupt that was sent again
  while (is_interrupted[1]) {
    std::this_thread::yield();
  }
  EXPECT_EQ(StopAtLast([](void*) { return 0; }, nullptr, &result), 0);
}

TEST_F(RendezvousTest, SeveralInitiatorsTakeTurns) {
  constexpr int kEach = 5;
  static std::atomic<int> inside;
  static std::atomic<int> runs;
  inside = 0;
  runs = 0;
  StartCpu(kCpus - 1);
  is_online[0] = false;
  std::vector<std::thread> initiators;
  // Not online, so that no interrupt has to reach them while they wait.
  for (uint32_t number = 1; number < kCpus - 1; ++number) {
    initiators.emplace_back([this, number] {
      const HostCpu cpu(number);
      const auto function = [](void*) {
        EXPECT_EQ(++inside, 1);
        ++runs;
        --inside;
        return 0;
      };
      for (int i = 0; i < kEach; ++i) {
        int result = 1;
        ASSERT_EQ(StopAtLast(function, nullptr, &result), 0);
        ASSERT_EQ(result, 0);
      }
    });
  }
  for (std::thread& thread : initiators) {
    thread.join();
  }
  EXPECT_EQ(runs, kEach * static_cast<int>(initiators.size()));
}

}  // namespace
}  // namespace ebpf
