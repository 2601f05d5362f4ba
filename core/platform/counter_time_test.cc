// SPDX-License-Identifier: MIT
//
// Without the host port, which has a clock: a counter that is said to tick once
// in a nanosecond is the time.
#include "core/platform/counter_time.h"

#include <set>
#include <stdlib.h>

#include "core/platform/log.h"
#include "core/platform/time.h"
#include "gtest/gtest.h"
#include "machine/counter.h"

uint64_t ebpf::CounterTicksPerSecond() { return 1'000'000'000; }

extern "C" void ebpf_port_panic(const char* /*what*/) { abort(); }

namespace ebpf {
namespace {

TEST(CounterTimeTest, IsTheCounters) {
  const uint64_t before = machine::ReadCounter();
  const uint64_t now = ebpf_port_time_ns();
  const uint64_t behind = machine::ReadCounter();
  EXPECT_LE(before, now);
  EXPECT_LE(now, behind);
  EXPECT_NE(before, behind);
}

TEST(CounterTimeTest, RandomNumbersFollowFromTheSeedAndTheMoment) {
  std::set<uint64_t> numbers;
  for (int i = 0; i < 100; ++i) {
    SeedCounterRandom(7);
    numbers.insert(ebpf_port_random());
    numbers.insert(ebpf_port_random());
  }
  EXPECT_EQ(numbers.size(), 200u);
}

}  // namespace
}  // namespace ebpf
