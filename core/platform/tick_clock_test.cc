// SPDX-License-Identifier: MIT
#include "core/platform/tick_clock.h"

#include <random>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "testing/host_port/host_log.h"

namespace ebpf {
namespace {

TEST(TickClockTest, TicksAreNanosecondsByTheFrequencyAlone) {
  EXPECT_EQ(TicksToNanoseconds(0, 10'000'000), 0u);
  EXPECT_EQ(TicksToNanoseconds(1, 10'000'000), 100u);
  EXPECT_EQ(TicksToNanoseconds(3, 2'000'000'000), 1u);
  EXPECT_EQ(TicksToNanoseconds(12'500'000, 12'500'000), 1'000'000'000u);
}

TEST(TickClockTest, NoProductOverflows) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t frequency = 1 + random() % 18'000'000'000;
    const uint64_t seconds = random() % 10'000'000'000;
    const uint64_t ticks = frequency > UINT64_MAX / (seconds + 1)
                               ? random()
                               : seconds * frequency + random() % frequency;
    const auto exact =
        static_cast<unsigned __int128>(ticks) * 1'000'000'000 / frequency;
    if (exact <= UINT64_MAX) {
      ASSERT_EQ(TicksToNanoseconds(ticks, frequency),
                static_cast<uint64_t>(exact))
          << ticks << " at " << frequency;
    }
  }
}

TEST(TickClockTest, AFrequencyThatIsTooHighIsRounded) {
  // A second's part of 100 GHz in 1/8 of its ticks.
  constexpr uint64_t kFrequency = 100'000'000'000;
  EXPECT_EQ(TicksToNanoseconds(5 * kFrequency, kFrequency), 5'000'000'000u);
  EXPECT_EQ(TicksToNanoseconds(kFrequency / 2, kFrequency), 500'000'000u);
}

TEST(TickClockTest, AsksForTheFrequencyOnce) {
  static int asked;
  asked = 0;
  TickClock clock([] {
    ++asked;
    return uint64_t{10'000'000};
  });
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(clock.Nanoseconds(3), 300u);
  EXPECT_EQ(clock.Nanoseconds(5), 500u);
  EXPECT_EQ(asked, 1);
  // Of which a tick is no whole number of nanoseconds.
  TickClock odd([] {
    ++asked;
    return uint64_t{24'000'000};
  });
  EXPECT_EQ(odd.Nanoseconds(3), 125u);
  EXPECT_EQ(odd.Nanoseconds(24'000'000), 1'000'000'000u);
  EXPECT_EQ(asked, 2);
}

/// A kernel's clock that moves by `step_ns`, and a counter beside it.
struct Kernel {
  static inline double counts_per_ns;
  static inline uint64_t step_ns;
  static inline uint64_t now_ns;
  /// A virtual machine that is stopped at `stop_at_ns` for so long.
  static inline uint64_t stop_at_ns = UINT64_MAX;
  static inline uint64_t stop_ns;

  static uint64_t Count() {
    now_ns += 50;  // what a reading takes
    if (now_ns >= stop_at_ns) {
      now_ns += stop_ns;
      stop_at_ns = UINT64_MAX;
    }
    return 1'000'000 +
           static_cast<uint64_t>(static_cast<double>(now_ns) * counts_per_ns);
  }
  static uint64_t Nanoseconds() {
    now_ns += 50;
    return 77'000'000'000 + now_ns / step_ns * step_ns;
  }
};

TEST(TickClockTest, AMeasuredClockGoesAsTheKernelsDoes) {
  for (const double counts_per_ns : {0.01, 0.6, 1.0, 2.4, 5.0}) {
    for (const uint64_t step_ns : {1ul, 1000ul, 4'000'000ul, 10'000'000ul}) {
      Kernel::counts_per_ns = counts_per_ns;
      Kernel::step_ns = step_ns;
      Kernel::now_ns = 0;
      MeasuredClock clock;
      clock.Measure(&Kernel::Count, &Kernel::Nanoseconds);
      const uint64_t count = Kernel::Count();
      constexpr double kSecond = 1e9;
      const double passed = static_cast<double>(
          clock.Nanoseconds(count +
                            static_cast<uint64_t>(kSecond * counts_per_ns)) -
          clock.Nanoseconds(count));
      // 100 ns of 20 ms.
      EXPECT_NEAR(passed, kSecond, kSecond * 2e-5)
          << counts_per_ns << " a nanosecond, steps of " << step_ns;
    }
  }
}

/// How fast a clock goes that was measured with such a counter.
double MeasuredRate(double counts_per_ns) {
  Kernel::counts_per_ns = counts_per_ns;
  Kernel::step_ns = 1;
  Kernel::now_ns = 0;
  MeasuredClock clock;
  clock.Measure(&Kernel::Count, &Kernel::Nanoseconds);
  constexpr double kHour = 3600e9;
  const uint64_t count = Kernel::Count();
  const auto counts = static_cast<uint64_t>(kHour * counts_per_ns);
  return static_cast<double>(clock.Nanoseconds(count + counts) -
                             clock.Nanoseconds(count)) /
         kHour;
}

TEST(TickClockTest, ACounterMayBeSlow) {
  // Not more is lost than a count at each end, and what a reading takes.
  for (const double hertz : {500.0, 32'768.0, 1e6, 10e6}) {
    const double most = 2 / (hertz * 0.02) + 1e-5;
    for (int i = 0; i < 40; ++i) {
      const double odd = hertz * (1 + 0.001 * i);
      EXPECT_NEAR(MeasuredRate(odd / 1e9), 1.0, most) << odd;
    }
  }
}

TEST(TickClockTest, TheMachineMayStopWhileItMeasures) {
  for (const double counts_per_ns : {0.01, 1.0, 5.0}) {
    for (const uint64_t seconds : {1u, 60u, 86'400u}) {
      Kernel::stop_at_ns = 10'000'000;
      Kernel::stop_ns = seconds * 1'000'000'000;
      EXPECT_NEAR(MeasuredRate(counts_per_ns), 1.0, 2e-5)
          << counts_per_ns << " " << seconds;
    }
  }
}

TEST(TickClockTest, WhatStandsStillIsSaidAndNotMeasured) {
  struct Case {
    MeasuredClock::Read counter;
    MeasuredClock::Read nanoseconds;
    const char* line;
  };
  const MeasuredClock::Read still = [] { return uint64_t{5}; };
  const MeasuredClock::Read back = [] {
    static uint64_t count = UINT64_MAX;
    return --count;
  };
  constexpr char kCounter[] =
      "ebpf: the counter stands still, and so does the clock\n";
  constexpr char kClock[] =
      "ebpf: the kernel's clock stands still, and so does ours\n";
  Kernel::counts_per_ns = 1;
  Kernel::step_ns = 1;
  for (const Case& one : {Case{still, &Kernel::Nanoseconds, kCounter},
                          {back, &Kernel::Nanoseconds, kCounter},
                          {&Kernel::Count, still, kClock},
                          {still, still, kClock}}) {
    ClearHostLog();
    MeasuredClock clock;
    EXPECT_EQ(clock.Nanoseconds(1000), 0u) << "not measured yet";
    clock.Measure(one.counter, one.nanoseconds);
    EXPECT_EQ(HostLog(), one.line);
    EXPECT_EQ(clock.Nanoseconds(UINT64_MAX), 0u);
  }
}

TEST(TickClockTest, ACounterThatTakesSecondsForACountStandsStill) {
  // Of which there are some, since the machine stops meanwhile.
  Kernel::stop_at_ns = 10'000'000;
  Kernel::stop_ns = 60'000'000'000;
  ClearHostLog();
  EXPECT_EQ(MeasuredRate(1e-10), 0.0);
  EXPECT_NE(HostLog().find("the counter stands still"), std::string::npos);
}

TEST(TickClockTest, AMeasuredClockNeverGoesBelowZero) {
  Kernel::counts_per_ns = 1.0;
  Kernel::step_ns = 1;
  Kernel::now_ns = 0;
  MeasuredClock clock;
  clock.Measure(&Kernel::Count, &Kernel::Nanoseconds);
  EXPECT_EQ(clock.Nanoseconds(0), 0u);
  // And does not wrap within a lifetime.
  constexpr uint64_t kYear = 31'556'952'000'000'000;
  EXPECT_NEAR(static_cast<double>(clock.Nanoseconds(100 * kYear)),
              static_cast<double>(100 * kYear), 1e-4 * 100 * kYear);
}

TEST(TickClockTest, RandomNumbersDifferThoughTheMomentIsTheSame) {
  RandomMixer mixer;
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(mixer.Next(7));
  }
  EXPECT_EQ(seen.size(), 1000u);
}

TEST(TickClockTest, TheSeedMakesAnotherSequence) {
  RandomMixer one;
  RandomMixer other;
  other.Seed(1);
  EXPECT_NE(one.Next(7), other.Next(7));
}

}  // namespace
}  // namespace ebpf
