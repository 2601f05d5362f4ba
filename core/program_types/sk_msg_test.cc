// SPDX-License-Identifier: MIT
#include <cstddef>
#include <linux/bpf.h>

#include "core/program_types/context_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(SkMsgTypeTest, TheMessageIsAPacketOfTwoLongPointers) {
  constexpr uint32_t kType = BPF_PROG_TYPE_SK_MSG;
  EXPECT_EQ(Reads(kType, 0, 8), ContextValue::kPacket);
  EXPECT_EQ(Reads(kType, 8, 8), ContextValue::kPacketEnd);
  EXPECT_EQ(Reads(kType, 0, 4), ContextValue::kRefused);
  EXPECT_EQ(Reads(kType, offsetof(sk_msg_md, size), 4), ContextValue::kScalar);
  EXPECT_EQ(Reads(kType, offsetof(sk_msg_md, sk), 8), ContextValue::kSocket);
  EXPECT_FALSE(Writes(kType, offsetof(sk_msg_md, size), 4));
}

}  // namespace
}  // namespace ebpf
