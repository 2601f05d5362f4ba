// SPDX-License-Identifier: MIT
#include <cstddef>
#include <linux/bpf.h>

#include "core/program_types/context_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(CgroupDeviceTypeTest, TheKindOfAccessIsReadInParts) {
  constexpr uint32_t kType = BPF_PROG_TYPE_CGROUP_DEVICE;
  EXPECT_EQ(Reads(kType, 0, 2), ContextValue::kScalar);
  EXPECT_EQ(Reads(kType, offsetof(bpf_cgroup_dev_ctx, major), 2),
            ContextValue::kRefused);
  EXPECT_EQ(Reads(kType, offsetof(bpf_cgroup_dev_ctx, minor), 4),
            ContextValue::kScalar);
}

TEST(CgroupSysctlTypeTest, ThePositionIsWritten) {
  constexpr uint32_t kType = BPF_PROG_TYPE_CGROUP_SYSCTL;
  const uint32_t position = offsetof(bpf_sysctl, file_pos);
  EXPECT_EQ(Reads(kType, position, 1), ContextValue::kScalar);
  EXPECT_TRUE(Writes(kType, position, 4));
  EXPECT_FALSE(Writes(kType, position, 1));
  EXPECT_FALSE(Writes(kType, offsetof(bpf_sysctl, write), 4));
}

TEST(CgroupSockoptTypeTest, GettingAndSettingWriteDifferentFields) {
  constexpr uint32_t kType = BPF_PROG_TYPE_CGROUP_SOCKOPT;
  const uint32_t level = offsetof(bpf_sockopt, level);
  const uint32_t retval = offsetof(bpf_sockopt, retval);
  EXPECT_TRUE(Writes(kType, level, 4, BPF_CGROUP_SETSOCKOPT));
  EXPECT_FALSE(Writes(kType, level, 4, BPF_CGROUP_GETSOCKOPT));
  EXPECT_EQ(Reads(kType, level, 4, BPF_CGROUP_GETSOCKOPT),
            ContextValue::kScalar);
  EXPECT_TRUE(Writes(kType, retval, 4, BPF_CGROUP_GETSOCKOPT));
  EXPECT_EQ(Reads(kType, retval, 4, BPF_CGROUP_SETSOCKOPT),
            ContextValue::kRefused);
}

}  // namespace
}  // namespace ebpf
