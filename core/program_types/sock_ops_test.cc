// SPDX-License-Identifier: MIT
#include <cstddef>
#include <linux/bpf.h>

#include "core/program_types/context_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(SockOpsTypeTest, FieldsAreTakenAtOnce) {
  constexpr uint32_t kType = BPF_PROG_TYPE_SOCK_OPS;
  EXPECT_EQ(Reads(kType, offsetof(bpf_sock_ops, op), 4), ContextValue::kScalar);
  EXPECT_EQ(Reads(kType, offsetof(bpf_sock_ops, op), 2),
            ContextValue::kRefused);
  EXPECT_EQ(Reads(kType, offsetof(bpf_sock_ops, bytes_acked), 8),
            ContextValue::kScalar);
  EXPECT_EQ(Reads(kType, offsetof(bpf_sock_ops, sk), 8),
            ContextValue::kSocketOrNull);
  EXPECT_EQ(Reads(kType, offsetof(bpf_sock_ops, skb_data), 8),
            ContextValue::kPacket);
}

TEST(SockOpsTypeTest, TheReplyAndTheHashAreWritten) {
  constexpr uint32_t kType = BPF_PROG_TYPE_SOCK_OPS;
  EXPECT_TRUE(Writes(kType, offsetof(bpf_sock_ops, reply), 4));
  EXPECT_FALSE(Writes(kType, offsetof(bpf_sock_ops, replylong[1]), 4));
  EXPECT_TRUE(Writes(kType, offsetof(bpf_sock_ops, sk_txhash), 4));
}

}  // namespace
}  // namespace ebpf
