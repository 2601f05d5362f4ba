// SPDX-License-Identifier: MIT
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

}  // namespace
}  // namespace ebpf
