// SPDX-License-Identifier: MIT
#include <cstddef>
#include <linux/bpf.h>

#include "core/program_types/context_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(SkLookupTypeTest, AddressesAreReadInPartsAndNothingIsWritten) {
  constexpr uint32_t kType = BPF_PROG_TYPE_SK_LOOKUP;
  EXPECT_EQ(Reads(kType, 0, 8, BPF_SK_LOOKUP), ContextValue::kSocketOrNull);
  const uint32_t port = offsetof(bpf_sk_lookup, remote_port);
  for (const uint32_t size : {1u, 2u, 4u}) {
    EXPECT_EQ(Reads(kType, port, size), ContextValue::kScalar);
    EXPECT_FALSE(Writes(kType, port, size));
  }
  EXPECT_EQ(Reads(kType, port, 8), ContextValue::kRefused);
}

}  // namespace
}  // namespace ebpf
