// SPDX-License-Identifier: MIT
//
// ebpf_port_time_ns as arch/ has it, by the CPU's own counter, beside the clock
// of the system. Without the host port, whose clock is another.
#include "core/platform/measured_time.h"

#include <stdlib.h>
#include <string>
#include <time.h>

#include "core/platform/log.h"
#include "core/platform/time.h"
#include "gtest/gtest.h"
#include "machine/counter.h"

extern "C" {

void ebpf_port_panic(const char* /*what*/) { abort(); }
void ebpf_port_log(const char* text, size_t size) {
  ADD_FAILURE() << std::string(text, size);
}

}  // extern "C"

namespace ebpf {
namespace {

uint64_t SystemTime() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<uint64_t>(now.tv_nsec);
}

/// A kernel's clock that moves by whole ticks.
uint64_t SystemTicks() {
  constexpr uint64_t kTick = 1'000'000;
  return SystemTime() / kTick * kTick;
}

/// One after another: there is one clock in a process.
TEST(MeasuredTimeTest, IsTheTimeSinceItWasMeasured) {
  EXPECT_EQ(ebpf_port_time_ns(), 0u) << "not measured yet";
  EXPECT_EQ(ebpf_port_time_ns(), 0u);

  constexpr uint64_t kMeasuring = 20'000'000;
  const uint64_t before = SystemTime();
  measured_time.Measure(&machine::ReadCounter, &SystemTicks);
  const uint64_t first = ebpf_port_time_ns();
  const uint64_t after = SystemTime();
  EXPECT_GE(first, kMeasuring * 95 / 100);
  EXPECT_LE(first, (after - before) * 105 / 100);

  // As fast as the system's: what is read in between has passed in both.
  const uint64_t outer_begin = SystemTime();
  const uint64_t begin = ebpf_port_time_ns();
  const uint64_t inner_begin = SystemTime();
  uint64_t last = begin;
  while (SystemTime() - inner_begin < 200'000'000) {
    const uint64_t now = ebpf_port_time_ns();
    EXPECT_GE(now, last);
    last = now;
  }
  const uint64_t inner_end = SystemTime();
  const uint64_t end = ebpf_port_time_ns();
  const uint64_t outer_end = SystemTime();
  EXPECT_GE(end - begin, (inner_end - inner_begin) * 99 / 100);
  EXPECT_LE(end - begin, (outer_end - outer_begin) * 101 / 100);
}

}  // namespace
}  // namespace ebpf
