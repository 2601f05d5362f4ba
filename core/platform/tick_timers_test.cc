// SPDX-License-Identifier: MIT
//
// Without the host port: the clock, the CPUs and their ticks are the test's.
#include "core/platform/tick_timers.h"

#include <atomic>
#include <functional>
#include <random>
#include <stdlib.h>
#include <thread>
#include <vector>

#include "core/base/construct.h"
#include "core/platform/cpu.h"
#include "core/platform/errors.h"
#include "core/platform/log.h"
#include "core/platform/time.h"
#include "core/platform/timer.h"
#include "gtest/gtest.h"

namespace {

constexpr uint32_t kCpus = ebpf::Ticks::kMostCpus + 2;
constexpr uint32_t kOfflineCpu = 3;

/// What the clock says, and how far it goes on with each look at it.
std::atomic<uint64_t> now{0};
std::atomic<uint64_t> step{0};
thread_local uint32_t this_cpu = 0;
thread_local uintptr_t masked = 0;

}  // namespace

bool ebpf::IsTicking(uint32_t cpu) {
  EXPECT_LT(cpu, kCpus);
  return cpu != kOfflineCpu;
}

extern "C" {

void ebpf_port_panic(const char* /*what*/) { abort(); }
uint32_t ebpf_port_cpu_id() { return this_cpu; }
uint32_t ebpf_port_cpu_count() { return kCpus; }
uintptr_t ebpf_port_irq_save() { return masked++; }
void ebpf_port_irq_restore(uintptr_t state) { masked = state; }
void ebpf_port_relax() { std::this_thread::yield(); }
uint64_t ebpf_port_time_ns() { return now += step; }

}  // extern "C"

namespace ebpf {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kEndOfTime = UINT64_MAX;

/// A timer with what it does when it expires.
struct Alarm {
  ebpf_timer timer = {.expired = &Expired, .port = {}};
  std::function<void()> action = [] {};
  int expired = 0;

  bool Start(uint64_t deadline) {
    return ebpf_port_timer_start(&timer, deadline, 0);
  }
  int Stop() { return ebpf_port_timer_stop(&timer); }

 private:
  static void Expired(ebpf_timer* timer) {
    Alarm& self = *reinterpret_cast<Alarm*>(timer);
    EXPECT_NE(masked, 0u);
    ++self.expired;
    self.action();
  }
};

class TickTimersTest : public testing::Test {
 protected:
  TickTimersTest() {
    ConstructAt<Ticks>(&tick_timers);  // the last test's CPUs are no more
    now = 1000;
    step = 0;
  }
  ~TickTimersTest() override { EXPECT_EQ(masked, 0u); }

  /// This CPU's interrupt, at `time`.
  static void TickAt(uint64_t time, const void* regs = nullptr,
                     bool in_user = false) {
    now = time;
    const uintptr_t interrupts = ebpf_port_irq_save();
    tick_timers.Tick(regs, in_user);
    ebpf_port_irq_restore(interrupts);
  }

  static void OnCpu(uint32_t cpu, const std::function<void()>& function) {
    std::thread([&] {
      this_cpu = cpu;
      function();
      EXPECT_EQ(masked, 0u);
    }).join();
  }
};

TEST_F(TickTimersTest, ATimerExpiresOnceAtTheFirstTickNotBeforeItsDeadline) {
  Alarm alarm;
  ASSERT_TRUE(alarm.Start(2000));
  TickAt(1999);
  EXPECT_EQ(alarm.expired, 0);
  TickAt(2000);
  EXPECT_EQ(alarm.expired, 1);
  TickAt(3000);
  EXPECT_EQ(alarm.expired, 1);
  EXPECT_EQ(alarm.Stop(), 0);
}

TEST_F(TickTimersTest, WhatIsPastExpiresAtTheNextTickAndNotAtOnce) {
  Alarm never_was;
  Alarm just_past;
  ASSERT_TRUE(never_was.Start(0));
  ASSERT_TRUE(just_past.Start(999));
  EXPECT_EQ(never_was.expired + just_past.expired, 0);
  TickAt(1000);
  EXPECT_EQ(never_was.expired, 1);
  EXPECT_EQ(just_past.expired, 1);
  Alarm at_zero;
  ASSERT_TRUE(at_zero.Start(0));
  TickAt(0);
  EXPECT_EQ(at_zero.expired, 1);
}

TEST_F(TickTimersTest, OneTickServesTwoTimersTheEarlierFirst) {
  std::vector<int> order;
  Alarm late;
  Alarm early;
  Alarm same;
  late.action = [&] { order.push_back(3); };
  early.action = [&] { order.push_back(2); };
  same.action = [&] { order.push_back(2); };
  late.Start(3000);
  early.Start(2000);
  same.Start(2000);
  TickAt(5000);
  EXPECT_EQ(order, (std::vector<int>{2, 2, 3}));
}

TEST_F(TickTimersTest, TheEndOfTimeIsNoMomentAndHidesNobody) {
  Alarm never;
  Alarm last;
  ASSERT_TRUE(never.Start(kEndOfTime));
  ASSERT_TRUE(last.Start(kEndOfTime - 1));
  TickAt(kEndOfTime - 2);
  EXPECT_EQ(last.expired, 0);
  TickAt(kEndOfTime - 1);
  EXPECT_EQ(last.expired, 1);
  EXPECT_EQ(never.expired, 0);
  EXPECT_EQ(tick_timers.Next(), Ticks::kNever);
  EXPECT_EQ(never.Stop(), 1);
}

TEST_F(TickTimersTest, ATimerThatStopsItselfIsRunningAndThenIsNot) {
  Alarm alarm;
  int inside = 9;
  alarm.action = [&] { inside = alarm.Stop(); };
  alarm.Start(1);
  TickAt(1000);
  EXPECT_EQ(inside, -1);
  EXPECT_EQ(alarm.Stop(), 0);
  // Started and then stopped, it does not run again.
  alarm.action = [&] {
    alarm.Start(1);
    inside = alarm.Stop();
  };
  alarm.Start(1);
  TickAt(1000);
  TickAt(1001);
  EXPECT_EQ(inside, -1);
  EXPECT_EQ(alarm.expired, 2);
  EXPECT_EQ(alarm.Stop(), 0);
}

TEST_F(TickTimersTest, ATimerMayStartItselfForAMomentToCome) {
  Alarm alarm;
  alarm.action = [&] { alarm.Start(now + 1000); };
  alarm.Start(1);
  TickAt(1000);
  TickAt(1999);
  EXPECT_EQ(alarm.expired, 1);
  TickAt(2000);
  EXPECT_EQ(alarm.expired, 2);
  EXPECT_EQ(alarm.Stop(), 1);
}

TEST_F(TickTimersTest, ATimerThatAlwaysStartsItselfDoesNotHoldTheCpu) {
  Alarm alarm;
  alarm.action = [&] { alarm.Start(0); };
  alarm.Start(0);
  TickAt(1000);
  EXPECT_EQ(alarm.expired, Ticks::kMostExpired);
  EXPECT_EQ(alarm.Stop(), 1);
}

TEST_F(TickTimersTest, ATimerMayStopAndStartOthersThatAreDue) {
  Alarm first;
  Alarm stopped;
  Alarm started;
  int result = 9;
  first.action = [&] {
    result = stopped.Stop();
    started.Start(2);
  };
  first.Start(1);
  stopped.Start(2);
  TickAt(1000);
  EXPECT_EQ(result, 1);
  EXPECT_EQ(stopped.expired, 0);
  EXPECT_EQ(started.expired, 1);
}

TEST_F(TickTimersTest, ATimerExpiresOnTheCpuThatStartedItLast) {
  Alarm alarm;
  alarm.Start(1);
  OnCpu(1, [&] {
    TickAt(1000);
    EXPECT_EQ(alarm.expired, 0);
    EXPECT_TRUE(ebpf_port_timer_start(&alarm.timer, 1, EBPF_TIMER_THIS_CPU));
  });
  TickAt(1000);
  EXPECT_EQ(alarm.expired, 0);
  OnCpu(1, [&] { TickAt(1000); });
  EXPECT_EQ(alarm.expired, 1);
}

TEST_F(TickTimersTest, AnotherCpuSeesThatATimerRunsAndMayStartItThere) {
  Alarm alarm;
  alarm.action = [&] {
    OnCpu(1, [&] {
      EXPECT_EQ(alarm.Stop(), -1);
      EXPECT_TRUE(alarm.Start(1));
      TickAt(1000);
      EXPECT_EQ(alarm.expired, 1) << "it runs twice at once";
    });
  };
  alarm.Start(1);
  TickAt(1000);
  EXPECT_EQ(alarm.expired, 1);
  alarm.action = [] {};
  TickAt(1000);
  EXPECT_EQ(alarm.expired, 1) << "it was started elsewhere";
  OnCpu(1, [&] { TickAt(1000); });
  EXPECT_EQ(alarm.expired, 2);
}

TEST_F(TickTimersTest, ACpuBeyondTheMostHasNoTimers) {
  OnCpu(Ticks::kMostCpus, [] {
    Alarm alarm;
    EXPECT_FALSE(alarm.Start(1));
    TickAt(1000);
    EXPECT_EQ(alarm.expired, 0);
    EXPECT_EQ(alarm.Stop(), 0);
    bool in_user = true;
    EXPECT_EQ(ebpf_port_interrupted_regs(&in_user), nullptr);
    EXPECT_FALSE(in_user);
  });
  OnCpu(Ticks::kMostCpus - 1, [] {
    Alarm alarm;
    EXPECT_TRUE(alarm.Start(1));
    TickAt(1000);
    EXPECT_EQ(alarm.expired, 1);
  });
}

TEST_F(TickTimersTest, WhatWasInterruptedIsKnownInsideOnlyAndOfThisCpu) {
  const int regs = 0;
  Alarm alarm;
  alarm.action = [&] {
    bool in_user = false;
    EXPECT_EQ(ebpf_port_interrupted_regs(&in_user), &regs);
    EXPECT_TRUE(in_user);
    OnCpu(1, [] {
      bool elsewhere = true;
      EXPECT_EQ(ebpf_port_interrupted_regs(&elsewhere), nullptr);
      EXPECT_FALSE(elsewhere);
    });
  };
  alarm.Start(1);
  TickAt(1000, &regs, true);
  EXPECT_EQ(alarm.expired, 1);
  bool in_user = true;
  EXPECT_EQ(ebpf_port_interrupted_regs(&in_user), nullptr);
  EXPECT_FALSE(in_user);
  // The kernel's next tick may not know them.
  alarm.action = [] {
    bool inside = true;
    EXPECT_EQ(ebpf_port_interrupted_regs(&inside), nullptr);
    EXPECT_FALSE(inside);
  };
  alarm.Start(1);
  TickAt(1000);
  EXPECT_EQ(alarm.expired, 2);
}

/// What a call saw.
struct Called {
  int times = 0;
  uint32_t cpu = UINT32_MAX;
  bool was_masked = false;

  static void Run(void* argument) {
    auto& self = *static_cast<Called*>(argument);
    ++self.times;
    self.cpu = this_cpu;
    self.was_masked = masked != 0;
  }
};

TEST_F(TickTimersTest, OnlyACpuThatTicksCanBeCalled) {
  Called called;
  for (const uint32_t cpu : {kOfflineCpu, kCpus, kCpus + 1, UINT32_MAX}) {
    EXPECT_EQ(ebpf_port_call_on_cpu(cpu, &Called::Run, &called),
              kMinusNoSuchDevice)
        << cpu;
  }
  EXPECT_EQ(called.times, 0);
}

TEST_F(TickTimersTest, TheOwnCpuIsCalledAtOnceAndMasked) {
  Called called;
  EXPECT_EQ(ebpf_port_call_on_cpu(0, &Called::Run, &called), 0);
  EXPECT_EQ(called.times, 1);
  EXPECT_EQ(called.cpu, 0u);
  EXPECT_TRUE(called.was_masked);
}

/// A CPU that ticks all the time.
class TickingCpu {
 public:
  explicit TickingCpu(uint32_t cpu)
      : thread_([this, cpu] {
          this_cpu = cpu;
          while (!ends_) {
            const uintptr_t interrupts = ebpf_port_irq_save();
            tick_timers.Tick(nullptr, false);
            ebpf_port_irq_restore(interrupts);
            std::this_thread::yield();
          }
        }) {}
  ~TickingCpu() {
    ends_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> ends_{false};
  std::thread thread_;
};

TEST_F(TickTimersTest, AnotherCpuIsCalledAtItsTick) {
  // The last has no timers, and can be called all the same.
  for (const uint32_t cpu : {1u, kCpus - 1}) {
    const TickingCpu ticking(cpu);
    Called called;
    EXPECT_EQ(ebpf_port_call_on_cpu(cpu, &Called::Run, &called), 0);
    EXPECT_EQ(called.times, 1);
    EXPECT_EQ(called.cpu, cpu);
    EXPECT_TRUE(called.was_masked);
  }
}

TEST_F(TickTimersTest, SeveralMayCallTheSameCpuAtOnce) {
  constexpr int kCalls = 500;
  const TickingCpu ticking(1);
  Called called;
  std::vector<std::thread> callers;
  for (const uint32_t cpu : {2u, 4u, 5u}) {
    callers.emplace_back([&, cpu] {
      this_cpu = cpu;
      for (int i = 0; i < kCalls; ++i) {
        EXPECT_EQ(ebpf_port_call_on_cpu(1, &Called::Run, &called), 0);
      }
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_EQ(called.times, 3 * kCalls);
  EXPECT_EQ(called.cpu, 1u);
}

TEST_F(TickTimersTest, ACpuThatDoesNotComeInASecondIsBusyAndNotCalledLater) {
  step = kSecond / 100;
  Called called;
  EXPECT_EQ(ebpf_port_call_on_cpu(1, &Called::Run, &called), kMinusBusy);
  EXPECT_GE(now, kSecond);
  step = 0;
  OnCpu(1, [] { TickAt(2 * kSecond); });
  EXPECT_EQ(called.times, 0);
  const TickingCpu ticking(1);
  EXPECT_EQ(ebpf_port_call_on_cpu(1, &Called::Run, &called), 0);
  EXPECT_EQ(called.times, 1);
}

TEST_F(TickTimersTest, PatienceDoesNotEndWithTheClocksNumbers) {
  // It begins anew at 0 while the caller waits.
  now = kEndOfTime - kSecond / 2;
  step = 1;
  Called called;
  std::thread other([] {
    this_cpu = 1;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const uintptr_t interrupts = ebpf_port_irq_save();
    tick_timers.Tick(nullptr, false);
    ebpf_port_irq_restore(interrupts);
  });
  EXPECT_EQ(ebpf_port_call_on_cpu(1, &Called::Run, &called), 0);
  other.join();
  EXPECT_EQ(called.times, 1);
  // Or the caller goes on on a CPU whose clock is behind.
  now = 5 * kSecond;
  std::thread later([] {
    this_cpu = 1;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    now = 3 * kSecond;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const uintptr_t interrupts = ebpf_port_irq_save();
    tick_timers.Tick(nullptr, false);
    ebpf_port_irq_restore(interrupts);
  });
  EXPECT_EQ(ebpf_port_call_on_cpu(1, &Called::Run, &called), 0);
  later.join();
  EXPECT_EQ(called.times, 2);
  // And it does end there.
  now = kEndOfTime - kSecond / 2;
  step = kSecond / 100;
  EXPECT_EQ(ebpf_port_call_on_cpu(1, &Called::Run, &called), kMinusBusy);
  EXPECT_GE(now, kSecond / 2);
  EXPECT_LT(now, kSecond);
}

/// CPUs that are held up in the middle of whatever they do, as virtual ones
/// are: on a host with few processors they would not meet otherwise.
void HoldUp(std::vector<std::thread>& cpus, const std::atomic<size_t>& ended) {
  struct sigaction action = {};
  action.sa_handler = [](int /*signal*/) {
    constexpr timespec kMoment = {0, 50'000};
    nanosleep(&kMoment, nullptr);
  };
  sigaction(SIGUSR1, &action, nullptr);
  using Clock = std::chrono::steady_clock;
  const Clock::time_point patience = Clock::now() + std::chrono::seconds(30);
  while (ended != cpus.size()) {
    if (Clock::now() > patience) {
      fprintf(stderr, "a CPU goes round in circles: the timers are broken\n");
      abort();
    }
    for (std::thread& cpu : cpus) {
      pthread_kill(cpu.native_handle(), SIGUSR1);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

TEST_F(TickTimersTest, CpusStartAndStopTheSameTimersAtOnce) {
  constexpr int kRounds = 500'000;
  constexpr uint32_t kCpusAtOnce = 4;
  std::atomic<int> inside{0};
  Alarm shared[8];
  shared[0].action = [&] {
    EXPECT_EQ(inside.fetch_add(1), 0) << "it runs on two CPUs";
    inside.fetch_sub(1);
  };
  Alarm own[kCpusAtOnce];
  std::atomic<size_t> ended{0};
  std::vector<std::thread> cpus;
  for (uint32_t cpu = 0; cpu < kCpusAtOnce; ++cpu) {
    cpus.emplace_back([&, cpu] {
      this_cpu = cpu;
      std::mt19937 random(cpu);
      for (int i = 0; i < kRounds; ++i) {
        Alarm& alarm = shared[random() % 8];
        if (random() % 2 == 0) {
          alarm.Start(random() % 2 == 0 ? random() % 1000 : kEndOfTime);
        } else {
          alarm.Stop();
        }
        if (i % 100 == 0) {
          own[cpu].Start(0);
          const uintptr_t interrupts = ebpf_port_irq_save();
          tick_timers.Tick(nullptr, false);
          ebpf_port_irq_restore(interrupts);
        }
      }
      ++ended;
    });
  }
  HoldUp(cpus, ended);
  for (std::thread& cpu : cpus) {
    cpu.join();
  }
  for (Alarm& alarm : shared) {
    EXPECT_GE(alarm.Stop(), 0);
    EXPECT_EQ(alarm.Stop(), 0);
  }
  for (Alarm& alarm : own) {
    EXPECT_EQ(alarm.expired, kRounds / 100) << "one of its own is lost";
  }
  EXPECT_EQ(tick_timers.Next(), Ticks::kNever);
}

}  // namespace
}  // namespace ebpf
