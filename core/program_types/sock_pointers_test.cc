// SPDX-License-Identifier: MIT
#include "core/program_types/sock_pointers.h"

#include <cstddef>
#include <linux/bpf.h>

#include "core/program_types/context_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

bool Sees(ContextAnswer (*access)(const ContextQuery&), uint32_t offset,
          uint32_t size, bool write = false) {
  return access({offset, size, write}).value != ContextValue::kRefused;
}

TEST(SockPointersTest, SmallSocketsHaveLessToSee) {
  const uint32_t protocol = offsetof(bpf_sock, protocol);
  const uint32_t state = offsetof(bpf_sock, state);
  EXPECT_TRUE(Sees(SockAccess, protocol, 4));
  EXPECT_FALSE(Sees(SockCommonAccess, protocol, 4));
  EXPECT_TRUE(Sees(SockAccess, state, 4));
  EXPECT_TRUE(Sees(SockCommonAccess, state, 4));
}

TEST(SockPointersTest, NothingIsWrittenThroughAPointer) {
  for (uint32_t offset = 0; offset < 130; ++offset) {
    for (const uint32_t size : {1u, 2u, 4u, 8u}) {
      EXPECT_FALSE(Sees(SockAccess, offset, size, true));
      EXPECT_FALSE(Sees(SockCommonAccess, offset, size, true));
      EXPECT_FALSE(Sees(TcpSockAccess, offset, size, true));
      EXPECT_FALSE(Sees(XdpSockAccess, offset, size, true));
    }
  }
}

TEST(SockPointersTest, ThePortIsReadWithTheZerosBehindItAtOnceOnly) {
  const uint32_t port = offsetof(bpf_sock, dst_port);
  EXPECT_TRUE(Sees(SockAccess, port, 4));
  EXPECT_TRUE(Sees(SockAccess, port, 2));
  EXPECT_TRUE(Sees(SockAccess, port + 1, 1));
  EXPECT_FALSE(Sees(SockAccess, port + 2, 2));
  EXPECT_FALSE(Sees(SockAccess, port + 3, 1));
}

TEST(SockPointersTest, CountersOfTcpAreReadAtOnce) {
  const uint32_t bytes = offsetof(bpf_tcp_sock, bytes_received);
  EXPECT_TRUE(Sees(TcpSockAccess, bytes, 8));
  EXPECT_FALSE(Sees(TcpSockAccess, bytes, 4));
  EXPECT_FALSE(Sees(TcpSockAccess, sizeof(bpf_tcp_sock), 4));
  EXPECT_TRUE(Sees(XdpSockAccess, 0, 4));
  EXPECT_FALSE(Sees(XdpSockAccess, 4, 4));
}

TEST(SockPointersTest, FlowKeysAreMemory) {
  EXPECT_TRUE(Sees(FlowKeysAccess, 3, 8, true));
  EXPECT_TRUE(Sees(FlowKeysAccess, sizeof(bpf_flow_keys) - 8, 8));
  EXPECT_FALSE(Sees(FlowKeysAccess, sizeof(bpf_flow_keys) - 7, 8));
  EXPECT_FALSE(Sees(FlowKeysAccess, 0xffffffffu, 8));
}

TEST(CgroupSockTypeTest, WhatIsThereDependsOnTheAttachType) {
  constexpr uint32_t kType = BPF_PROG_TYPE_CGROUP_SOCK;
  const uint32_t mark = offsetof(bpf_sock, mark);
  const uint32_t ip = offsetof(bpf_sock, src_ip4);
  EXPECT_TRUE(Writes(kType, mark, 4, BPF_CGROUP_INET_SOCK_CREATE));
  EXPECT_EQ(Reads(kType, mark, 4, BPF_CGROUP_INET4_POST_BIND),
            ContextValue::kRefused);
  EXPECT_EQ(Reads(kType, ip, 4, BPF_CGROUP_INET4_POST_BIND),
            ContextValue::kScalar);
  EXPECT_EQ(Reads(kType, ip, 4, BPF_CGROUP_INET6_POST_BIND),
            ContextValue::kRefused);
}

}  // namespace
}  // namespace ebpf
