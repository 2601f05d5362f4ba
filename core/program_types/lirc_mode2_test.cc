// SPDX-License-Identifier: MIT
#include <cstddef>
#include <linux/bpf.h>

#include "core/program_types/context_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(LircMode2TypeTest, OneSampleIsReadAtOnce) {
  constexpr uint32_t kType = BPF_PROG_TYPE_LIRC_MODE2;
  EXPECT_EQ(Reads(kType, 0, 4), ContextValue::kScalar);
  EXPECT_EQ(Reads(kType, 0, 2), ContextValue::kRefused);
  EXPECT_EQ(Reads(kType, 4, 4), ContextValue::kRefused);
  EXPECT_FALSE(Writes(kType, 0, 4));
}

}  // namespace
}  // namespace ebpf
