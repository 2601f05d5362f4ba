// SPDX-License-Identifier: MIT
#include <ctime>
#include <linux/bpf.h>

#include "core/helpers/helper_test_util.h"
#include "testing/host_port/host_clock.h"

namespace ebpf {
namespace {

TEST(TimeHelpersTest, AllClocksAreThePorts) {
  SetHostTime(123'456'789'012);
  for (uint32_t id : {BPF_FUNC_ktime_get_ns, BPF_FUNC_ktime_get_boot_ns,
                      BPF_FUNC_ktime_get_coarse_ns}) {
    EXPECT_EQ(Call(id), 123'456'789'012u);
  }
  ResumeHostTime();
  const uint64_t before = Call(BPF_FUNC_ktime_get_ns);
  EXPECT_GE(Call(BPF_FUNC_ktime_get_ns), before);
}

TEST(TimeHelpersTest, JiffiesAreHundredthsOfASecondSinceBeforeTheStart) {
  SetHostTime(0);
  const uint64_t first = Call(BPF_FUNC_jiffies64);
  EXPECT_EQ(first, uint64_t{UINT32_MAX} + 1 - 30000);
  SetHostTime(9'999'999);
  EXPECT_EQ(Call(BPF_FUNC_jiffies64), first);
  SetHostTime(3'000'000'000);
  EXPECT_EQ(Call(BPF_FUNC_jiffies64), first + 300);
  ResumeHostTime();
}

TEST(TimeHelpersTest, AtomicTimeIsThePortsOwn) {
  timespec before;
  clock_gettime(CLOCK_TAI, &before);
  const uint64_t now = Call(BPF_FUNC_ktime_get_tai_ns);
  EXPECT_GE(now / 1'000'000'000, static_cast<uint64_t>(before.tv_sec));
  EXPECT_LE(now / 1'000'000'000, static_cast<uint64_t>(before.tv_sec) + 60);
}

}  // namespace
}  // namespace ebpf
