// SPDX-License-Identifier: MIT
#include "core/platform/ticks.h"

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "core/platform/cpu.h"
#include "core/platform/errors.h"
#include "core/platform/time.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

constexpr uint64_t kFar = ~uint64_t{0};

/// A timer that says when it expires.
struct Alarm {
  ebpf_timer timer = {};
  Ticks* ticks = nullptr;
  std::vector<Alarm*>* order = nullptr;
  uint64_t deadline = 0;
  int expired = 0;
  /// It starts itself again, so often, for a moment that is past.
  int again = 0;
  int stopped_inside = 9;
  bool stops_itself = false;

  Alarm() { timer.expired = &Expired; }
  bool Start(uint64_t deadline_ns) {
    deadline = deadline_ns;
    return ticks->Start(&timer, deadline_ns);
  }
  static void Expired(ebpf_timer* timer) {
    Alarm& self = *reinterpret_cast<Alarm*>(timer);
    ++self.expired;
    if (self.order != nullptr) {
      self.order->push_back(&self);
    }
    if (self.again != 0) {
      --self.again;
      self.ticks->Start(timer, 1);
    }
    if (self.stops_itself) {
      self.stopped_inside = self.ticks->Stop(timer);
    }
  }
};

class TicksTest : public testing::Test {
 protected:
  HostCpu cpu_{0};
  Ticks ticks_;
};

TEST_F(TicksTest, ATimerExpiresOnceAtTheTickThatFollowsItsDeadline) {
  Alarm alarm;
  alarm.ticks = &ticks_;
  ASSERT_TRUE(alarm.Start(ebpf_port_time_ns() + 20'000'000));
  ticks_.Tick(nullptr, false);
  EXPECT_EQ(alarm.expired, 0);
  while (ebpf_port_time_ns() < alarm.deadline) {
  }
  ticks_.Tick(nullptr, false);
  ticks_.Tick(nullptr, false);
  EXPECT_EQ(alarm.expired, 1);
}

TEST_F(TicksTest, StartingAPendingTimerMovesItsDeadline) {
  Alarm alarm;
  alarm.ticks = &ticks_;
  alarm.Start(1);
  alarm.Start(kFar);
  ticks_.Tick(nullptr, false);
  EXPECT_EQ(alarm.expired, 0);
  alarm.Start(1);
  ticks_.Tick(nullptr, false);
  EXPECT_EQ(alarm.expired, 1);
}

TEST_F(TicksTest, TheNextOneIsTheEarliestOfThisCpu) {
  EXPECT_EQ(ticks_.Next(), Ticks::kNever);
  Alarm alarms[2];
  for (Alarm& alarm : alarms) {
    alarm.ticks = &ticks_;
  }
  alarms[0].Start(kFar - 1);
  alarms[1].Start(kFar - 2);
  EXPECT_EQ(ticks_.Next(), kFar - 2);
  std::thread([&] {
    const HostCpu cpu(1);
    EXPECT_EQ(ticks_.Next(), Ticks::kNever);
  }).join();
  ticks_.Stop(&alarms[1].timer);
  EXPECT_EQ(ticks_.Next(), kFar - 1);
  ticks_.Stop(&alarms[0].timer);
  EXPECT_EQ(ticks_.Next(), Ticks::kNever);
}

TEST_F(TicksTest, StoppingTellsWhetherItWasPending) {
  Alarm alarm;
  alarm.ticks = &ticks_;
  EXPECT_EQ(ticks_.Stop(&alarm.timer), 0);
  alarm.Start(1);
  EXPECT_EQ(ticks_.Stop(&alarm.timer), 1);
  EXPECT_EQ(ticks_.Stop(&alarm.timer), 0);
  ticks_.Tick(nullptr, false);
  EXPECT_EQ(alarm.expired, 0);
}

TEST_F(TicksTest, ATimerThatRunsCannotBeStoppedButWillNotRunAgain) {
  Alarm alarm;
  alarm.ticks = &ticks_;
  alarm.again = 1;
  alarm.stops_itself = true;
  alarm.Start(1);
  ticks_.Tick(nullptr, false);
  EXPECT_EQ(alarm.stopped_inside, -1);
  ticks_.Tick(nullptr, false);
  EXPECT_EQ(alarm.expired, 1);
  EXPECT_EQ(ticks_.Stop(&alarm.timer), 0);
}

TEST_F(TicksTest, OneTickRunsSoManyAndTheNextOneTheRest) {
  Alarm alarm;
  alarm.ticks = &ticks_;
  alarm.again = Ticks::kMostExpired + 4;
  alarm.Start(1);
  ticks_.Tick(nullptr, false);
  EXPECT_EQ(alarm.expired, Ticks::kMostExpired);
  ticks_.Tick(nullptr, false);
  EXPECT_EQ(alarm.expired, Ticks::kMostExpired + 5);
}

TEST_F(TicksTest, TimersExpireInTheOrderOfTheirDeadlines) {
  constexpr size_t kAlarms = 2000;
  std::mt19937_64 random(7);
  std::vector<Alarm> alarms(kAlarms);
  std::vector<Alarm*> order;
  size_t pending = 0;
  for (Alarm& alarm : alarms) {
    alarm.ticks = &ticks_;
    alarm.order = &order;
  }
  std::vector<bool> is_pending(kAlarms);
  // Started, moved and stopped at random, some ticks between.
  for (int i = 0; i < 20'000; ++i) {
    const size_t which = random() % kAlarms;
    if (random() % 3 == 0) {
      EXPECT_EQ(ticks_.Stop(&alarms[which].timer), is_pending[which] ? 1 : 0);
      is_pending[which] = false;
    } else {
      alarms[which].Start(1 + random() % 1'000'000);
      is_pending[which] = true;
    }
    if (random() % 64 == 0) {
      order.clear();
      ticks_.Tick(nullptr, false);
      for (Alarm* alarm : order) {
        is_pending[static_cast<size_t>(alarm - alarms.data())] = false;
      }
      ASSERT_LE(order.size(), static_cast<size_t>(Ticks::kMostExpired));
      uint64_t last = 0;
      for (Alarm* alarm : order) {
        ASSERT_LE(last, alarm->deadline);
        last = alarm->deadline;
      }
      for (size_t other = 0; other < kAlarms; ++other) {
        ASSERT_TRUE(!is_pending[other] || alarms[other].deadline >= last);
      }
    }
  }
  pending = static_cast<size_t>(
      std::count(is_pending.begin(), is_pending.end(), true));
  ASSERT_GT(pending, 100u);
  order.clear();
  for (size_t i = 0; i < pending; ++i) {
    ticks_.Tick(nullptr, false);
  }
  EXPECT_EQ(order.size(), pending);
  EXPECT_TRUE(std::is_sorted(
      order.begin(), order.end(),
      [](Alarm* a, Alarm* b) { return a->deadline < b->deadline; }));
}

TEST_F(TicksTest, WhatWasInterruptedIsKnownWhileTimersExpire) {
  struct Look {
    ebpf_timer timer = {};
    Ticks* ticks = nullptr;
    const void* regs = nullptr;
    bool in_user = false;
  } look;
  look.ticks = &ticks_;
  look.timer.expired = [](ebpf_timer* timer) {
    Look& self = *reinterpret_cast<Look*>(timer);
    self.regs = self.ticks->InterruptedRegs(&self.in_user);
  };
  ticks_.Start(&look.timer, 1);
  const int regs = 0;
  ticks_.Tick(&regs, true);
  EXPECT_EQ(look.regs, &regs);
  EXPECT_TRUE(look.in_user);
  bool in_user = true;
  EXPECT_EQ(ticks_.InterruptedRegs(&in_user), nullptr);
  EXPECT_FALSE(in_user);
}

TEST_F(TicksTest, ATimerExpiresOnTheCpuThatStartedItOnly) {
  Alarm alarm;
  alarm.ticks = &ticks_;
  alarm.Start(1);
  std::thread([&] {
    const HostCpu cpu(1);
    ticks_.Tick(nullptr, false);
    EXPECT_EQ(alarm.expired, 0);
    // Moved here.
    alarm.Start(1);
  }).join();
  ticks_.Tick(nullptr, false);
  EXPECT_EQ(alarm.expired, 0);
  EXPECT_EQ(ticks_.Stop(&alarm.timer), 1);
}

TEST_F(TicksTest, TheOwnCpuIsCalledAtOnceWithInterruptsMasked) {
  struct Seen {
    uint32_t cpu = 99;
  } seen;
  EXPECT_EQ(ticks_.Call(
                0,
                [](void* argument) {
                  static_cast<Seen*>(argument)->cpu = ebpf_port_cpu_id();
                },
                &seen),
            0);
  EXPECT_EQ(seen.cpu, 0u);
}

TEST_F(TicksTest, AnotherCpuIsCalledAtItsTick) {
  std::atomic<bool> stop{false};
  std::thread other([&] {
    const HostCpu cpu(1);
    while (!stop) {
      ticks_.Tick(nullptr, false);
    }
  });
  for (int i = 0; i < 50; ++i) {
    uint32_t cpu = 99;
    EXPECT_EQ(ticks_.Call(
                  1,
                  [](void* argument) {
                    *static_cast<uint32_t*>(argument) = ebpf_port_cpu_id();
                  },
                  &cpu),
              0);
    EXPECT_EQ(cpu, 1u);
  }
  stop = true;
  other.join();
}

// One that ticks only when it is interrupted.
std::atomic<uint32_t> interrupted{0};

TEST_F(TicksTest, ACpuThatIsCalledMayBeInterruptedForThat) {
  interrupted = 0;
  std::atomic<bool> stop{false};
  std::thread other([&] {
    const HostCpu cpu(1);
    uint32_t seen = 0;
    while (!stop) {
      if (interrupted != seen) {
        ++seen;
        ticks_.Tick(nullptr, false);
      }
    }
  });
  for (uint32_t i = 1; i <= 50; ++i) {
    uint32_t cpu = 99;
    EXPECT_EQ(ticks_.Call(
                  1,
                  [](void* argument) {
                    *static_cast<uint32_t*>(argument) = ebpf_port_cpu_id();
                  },
                  &cpu, [](uint32_t called) { interrupted += called; }),
              0);
    EXPECT_EQ(cpu, 1u);
    EXPECT_EQ(interrupted, i);
  }
  stop = true;
  other.join();
}

TEST_F(TicksTest, ACpuThatThereIsNotIsNoDevice) {
  const auto function = [](void*) { FAIL() << "it was called"; };
  EXPECT_EQ(ticks_.Call(ebpf_port_cpu_count(), function, nullptr),
            kMinusNoSuchDevice);
  EXPECT_EQ(ticks_.Call(UINT32_MAX, function, nullptr), kMinusNoSuchDevice);
}

TEST_F(TicksTest, ACpuThatDoesNotTickIsBusyAndIsNotCalledLater) {
  bool called = false;
  EXPECT_EQ(ticks_.Call(
                1, [](void* argument) { *static_cast<bool*>(argument) = true; },
                &called),
            kMinusBusy);
  std::thread([&] {
    const HostCpu cpu(1);
    ticks_.Tick(nullptr, false);
  }).join();
  EXPECT_FALSE(called);
}

TEST_F(TicksTest, CpusStartStopAndRunTheSameTimersAtOnceAndNeverTwice) {
  struct Shared {
    ebpf_timer timer = {};
    Ticks* ticks = nullptr;
    std::atomic<int> inside{0};
    std::atomic<uint64_t> expired{0};
    static void Expired(ebpf_timer* timer) {
      Shared& self = *reinterpret_cast<Shared*>(timer);
      EXPECT_EQ(self.inside.fetch_add(1), 0);
      ++self.expired;
      if (self.expired % 3 == 0) {
        self.ticks->Start(timer, 1);
      }
      self.inside.fetch_sub(1);
    }
  };
  constexpr size_t kShared = 4;
  constexpr uint32_t kCpus = 3;
  Shared shared[kShared];
  for (Shared& one : shared) {
    one.ticks = &ticks_;
    one.timer.expired = &Shared::Expired;
  }
  std::vector<std::thread> threads;
  for (uint32_t id = 1; id <= kCpus; ++id) {
    threads.emplace_back([&, id] {
      const HostCpu cpu(id);
      std::mt19937 random(id);
      for (int i = 0; i < 300'000; ++i) {
        Shared& one = shared[random() % kShared];
        switch (random() % 4) {
          case 0:
            ticks_.Stop(&one.timer);
            break;
          case 1:
            ticks_.Tick(nullptr, false);
            break;
          default:
            ticks_.Start(&one.timer, random() % 2 == 0 ? 1 : kFar);
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (Shared& one : shared) {
    EXPECT_GT(one.expired, 100u);
    EXPECT_GE(ticks_.Stop(&one.timer), 0);
    EXPECT_EQ(ticks_.Stop(&one.timer), 0);
  }
}

}  // namespace
}  // namespace ebpf
