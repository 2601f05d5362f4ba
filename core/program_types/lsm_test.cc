// SPDX-License-Identifier: MIT
#include "core/program_types/lsm.h"

#include <linux/bpf.h>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(LsmTest, HooksReturnNothingOrAnError) {
  const ReturnRange range = LsmReturns("file_open", true, BPF_LSM_MAC);
  EXPECT_TRUE(range.checked);
  EXPECT_EQ(range.min, -4095);
  EXPECT_EQ(range.max, 0);
}

TEST(LsmTest, SomeHooksAreAskedForYesOrNo) {
  for (const char* hook : {"audit_rule_known", "inode_xattr_skipcap"}) {
    const ReturnRange range = LsmReturns(hook, true, BPF_LSM_MAC);
    EXPECT_EQ(range.min, 0);
    EXPECT_EQ(range.max, 1);
  }
}

TEST(LsmTest, HooksWithoutResultTakeAnything) {
  EXPECT_FALSE(LsmReturns("file_free_security", false, BPF_LSM_MAC).checked);
}

TEST(LsmTest, ControlGroupsLetGoOnOrRefuse) {
  const ReturnRange refusable = LsmReturns("socket_bind", true, BPF_LSM_CGROUP);
  EXPECT_EQ(refusable.min, 0);
  EXPECT_EQ(refusable.max, 1);
  const ReturnRange told =
      LsmReturns("sk_free_security", false, BPF_LSM_CGROUP);
  EXPECT_EQ(told.min, 1);
  EXPECT_EQ(told.max, 1);
}

}  // namespace
}  // namespace ebpf
