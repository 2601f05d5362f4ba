// SPDX-License-Identifier: MIT
#include <linux/bpf.h>
#include <set>

#include "core/helpers/helper_test_util.h"

namespace ebpf {
namespace {

TEST(RandomHelpersTest, NumbersHave32BitsAndDiffer) {
  std::set<uint64_t> seen;
  uint64_t ones = 0;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t number = Call(BPF_FUNC_get_prandom_u32);
    EXPECT_EQ(number >> 32, 0u);
    ones |= number;
    seen.insert(number);
  }
  EXPECT_GT(seen.size(), 990u);
  EXPECT_EQ(ones, 0xffffffffu);
}

}  // namespace
}  // namespace ebpf
