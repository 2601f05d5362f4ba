// SPDX-License-Identifier: MIT
#include <cstddef>
#include <linux/bpf.h>

#include "core/program_types/context_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

constexpr uint32_t kType = BPF_PROG_TYPE_CGROUP_SOCK_ADDR;

TEST(CgroupSockAddrTypeTest, EachFamilyHasItsAddress) {
  const uint32_t ip4 = offsetof(bpf_sock_addr, user_ip4);
  const uint32_t ip6 = offsetof(bpf_sock_addr, user_ip6);
  EXPECT_TRUE(Writes(kType, ip4, 4, BPF_CGROUP_INET4_CONNECT));
  EXPECT_FALSE(Writes(kType, ip6, 4, BPF_CGROUP_INET4_CONNECT));
  EXPECT_FALSE(Writes(kType, ip4, 4, BPF_CGROUP_INET6_CONNECT));
  EXPECT_TRUE(Writes(kType, ip6, 4, BPF_CGROUP_INET6_CONNECT));
  EXPECT_EQ(Reads(kType, ip4, 1, BPF_CGROUP_INET4_BIND), ContextValue::kScalar);
}

TEST(CgroupSockAddrTypeTest, LongAddressesAreAlsoTakenByEightBytes) {
  const uint32_t ip6 = offsetof(bpf_sock_addr, user_ip6);
  const uint32_t source = offsetof(bpf_sock_addr, msg_src_ip6);
  for (uint32_t offset = 0; offset < 16; ++offset) {
    EXPECT_EQ(Writes(kType, ip6 + offset, 8, BPF_CGROUP_INET6_BIND),
              offset == 0 || offset == 8);
    // It stands at 44: only the middle is aligned.
    EXPECT_EQ(Writes(kType, source + offset, 8, BPF_CGROUP_UDP6_SENDMSG),
              offset == 4);
  }
}

}  // namespace
}  // namespace ebpf
