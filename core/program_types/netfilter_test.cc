// SPDX-License-Identifier: MIT
#include <cstddef>
#include <linux/bpf.h>

#include "core/program_types/context_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(NetfilterTypeTest, TheTwoPointersAreTrustedAndTyped) {
  constexpr uint32_t kType = BPF_PROG_TYPE_SYSCALL + 1;  // netfilter
  EXPECT_EQ(Reads(kType, 0, 8), ContextValue::kTrustedTyped);
  EXPECT_STREQ(Ask(kType, 0, 8).type, "nf_hook_state");
  EXPECT_STREQ(Ask(kType, 8, 8).type, "sk_buff");
  EXPECT_EQ(Reads(kType, 0, 4), ContextValue::kRefused);
  EXPECT_EQ(Reads(kType, 16, 8), ContextValue::kRefused);
  EXPECT_FALSE(Writes(kType, 0, 8));
}

}  // namespace
}  // namespace ebpf
