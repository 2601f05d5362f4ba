// SPDX-License-Identifier: MIT
#include <cstddef>
#include <linux/bpf.h>

#include "core/program_types/context_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(SkReuseportTypeTest, TheProtocolIsNotReadByBytes) {
  constexpr uint32_t kType = BPF_PROG_TYPE_SK_REUSEPORT;
  const uint32_t protocol = offsetof(sk_reuseport_md, eth_protocol);
  EXPECT_EQ(Reads(kType, protocol, 4), ContextValue::kScalar);
  EXPECT_EQ(Reads(kType, protocol + 2, 2), ContextValue::kScalar);
  EXPECT_EQ(Reads(kType, protocol, 1), ContextValue::kRefused);
  EXPECT_EQ(Reads(kType, offsetof(sk_reuseport_md, len) + 3, 1),
            ContextValue::kScalar);
}

TEST(SkReuseportTypeTest, TheSocketThatMovesMayBeMissing) {
  constexpr uint32_t kType = BPF_PROG_TYPE_SK_REUSEPORT;
  EXPECT_EQ(Reads(kType, offsetof(sk_reuseport_md, sk), 8),
            ContextValue::kSocket);
  EXPECT_EQ(Reads(kType, offsetof(sk_reuseport_md, migrating_sk), 8),
            ContextValue::kSockCommonOrNull);
}

}  // namespace
}  // namespace ebpf
