// SPDX-License-Identifier: MIT
#include "core/perf/sample_timer.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/perf/sample_memory.h"
#include "core/platform/time.h"
#include "core/sync/read_section.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_clock.h"
#include "testing/host_port/host_timer.h"

namespace ebpf {
namespace {

constexpr uint64_t kMicrosecond = 1000;
constexpr uint64_t kMillisecond = 1000000;

/// Takes a while to listen, by the host's clock, which the test moves.
struct Listener final : TimeListener {
  bool TimePassed(const machine::PtRegs* /*regs*/, bool /*in_user*/) override {
    ++heard;
    SetHostTime(ebpf_port_time_ns() + cost);
    return true;
  }
  bool Throttled(bool is_throttled) override {
    ++told;
    throttled = is_throttled;
    return hears_of_it;
  }

  uint64_t cost = 20 * kMicrosecond;
  uint64_t heard = 0;
  uint64_t told = 0;
  bool throttled = false;
  bool hears_of_it = true;
};

class SampleTimerTest : public testing::Test {
 protected:
  struct Clock {
    Listener listener;
    SampleTimer timer{listener};
  };

  SampleTimerTest() {
    SetHostTime(kMillisecond);
    EXPECT_TRUE(InitReadSections());
    EXPECT_EQ(SampleMemory::Keep(PortAllocator()), Status::kOk);
  }
  ~SampleTimerTest() override {
    for (const auto& clock : clocks_) {
      clock->timer.Stop();
    }
    EXPECT_EQ(PendingHostTimers(), 0u);
    clocks_.clear();
    SampleMemory::LetGo();
    ExitReadSections();
    ResumeHostTime();
  }

  Clock& Start(uint64_t period) {
    Clock& clock = *clocks_.emplace_back(std::make_unique<Clock>());
    EXPECT_EQ(clock.timer.Init(0, PortAllocator()), Status::kOk);
    EXPECT_EQ(clock.timer.Start(period), Status::kOk);
    return clock;
  }
  /// What tasks get of the time that passes, of which 1 is `whole`.
  static double Work(uint64_t whole) {
    const uint64_t begin = ebpf_port_time_ns();
    uint64_t worked = 0;
    while (ebpf_port_time_ns() - begin < whole) {
      RunHostTimers();
      worked += 10 * kMicrosecond;
      SetHostTime(ebpf_port_time_ns() + 10 * kMicrosecond);
    }
    return static_cast<double>(worked) /
           static_cast<double>(ebpf_port_time_ns() - begin);
  }

  std::vector<std::unique_ptr<Clock>> clocks_;
};

TEST_F(SampleTimerTest, ItTellsOfEachPeriodThatCanBe) {
  Clock& clock = Start(kMillisecond);
  EXPECT_GT(Work(100 * kMillisecond), 0.97);
  EXPECT_NEAR(static_cast<double>(clock.listener.heard), 100, 1);
  EXPECT_EQ(clock.listener.told, 0u);
}

TEST_F(SampleTimerTest, ClocksLeaveTheCpuToOthersHoweverManyThereAre) {
  constexpr uint64_t kCount = 200;
  for (uint64_t i = 0; i < kCount; ++i) {
    Start(SampleTimer::kShortestPeriod);
  }
  Work(20 * kMillisecond);  // what they took before is not paid for
  EXPECT_GT(Work(400 * kMillisecond), 0.74);
  // All of them sample, none more than others.
  uint64_t least = UINT64_MAX;
  uint64_t most = 0;
  for (const auto& clock : clocks_) {
    least = std::min(least, clock->listener.heard);
    most = std::max(most, clock->listener.heard);
    EXPECT_EQ(clock->listener.told, 1u);
    EXPECT_TRUE(clock->listener.throttled);
  }
  EXPECT_GT(least, 15u);
  EXPECT_LE(most, least + 3);
}

TEST_F(SampleTimerTest, AClockIsAsItWasWhenTheOthersHaveGone) {
  Clock& clock = Start(2 * kMillisecond);
  for (int i = 0; i < 100; ++i) {
    Start(SampleTimer::kShortestPeriod);
  }
  Work(50 * kMillisecond);
  EXPECT_TRUE(clock.listener.throttled);
  for (size_t i = 1; i < clocks_.size(); ++i) {
    clocks_[i]->timer.Stop();
  }
  Work(50 * kMillisecond);
  EXPECT_FALSE(clock.listener.throttled);
  EXPECT_EQ(clock.listener.told, 2u);
  const uint64_t heard = clock.listener.heard;
  Work(100 * kMillisecond);
  EXPECT_NEAR(static_cast<double>(clock.listener.heard - heard), 50, 1);
}

TEST_F(SampleTimerTest, WhoCouldNotListenIsToldAgain) {
  Clock& clock = Start(SampleTimer::kShortestPeriod);
  clock.listener.hears_of_it = false;
  Work(30 * kMillisecond);
  EXPECT_GT(clock.listener.told, 10u);
  clock.listener.hears_of_it = true;
  clock.listener.told = 0;
  Work(30 * kMillisecond);
  EXPECT_EQ(clock.listener.told, 1u);
}

/// As where the kernel itself was not run for a while.
TEST_F(SampleTimerTest, OneThatTookLongDoesNotKeepOthersWaiting) {
  Clock& clock = Start(kMillisecond);
  Work(10 * kMillisecond);
  clock.listener.cost = 20 * kMillisecond;
  Work(kMillisecond);
  clock.listener.cost = 20 * kMicrosecond;
  const uint64_t heard = clock.listener.heard;
  Work(50 * kMillisecond);
  EXPECT_NEAR(static_cast<double>(clock.listener.heard - heard), 50, 5);
}

}  // namespace
}  // namespace ebpf
