// SPDX-License-Identifier: MIT
#include "core/base/checked.h"

#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(CheckedTest, AddGivesTheSumOrOverflow) {
  EXPECT_EQ(*CheckedAdd<uint32_t>(1, 2), 3u);
  EXPECT_EQ(*CheckedAdd<uint32_t>(UINT32_MAX, 0), UINT32_MAX);
  EXPECT_EQ(CheckedAdd<uint32_t>(UINT32_MAX, 1).status(), Status::kOverflow);
  EXPECT_EQ(CheckedAdd<int64_t>(INT64_MIN, -1).status(), Status::kOverflow);
}

TEST(CheckedTest, MulGivesTheProductOrOverflow) {
  EXPECT_EQ(*CheckedMul<uint64_t>(1u << 31, 8), uint64_t{1} << 34);
  EXPECT_EQ(*CheckedMul<uint64_t>(UINT64_MAX, 0), 0u);
  EXPECT_EQ(CheckedMul<uint64_t>(UINT64_MAX / 8 + 1, 8).status(),
            Status::kOverflow);
  EXPECT_EQ(CheckedMul<int32_t>(INT32_MIN, -1).status(), Status::kOverflow);
}

TEST(CheckedTest, EveryPairOfBytesAgreesWithWiderArithmetic) {
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      const auto x = static_cast<uint8_t>(a);
      const auto y = static_cast<uint8_t>(b);
      const Result<uint8_t> sum = CheckedAdd(x, y);
      ASSERT_EQ(sum.ok(), a + b < 256);
      ASSERT_TRUE(!sum.ok() || *sum == a + b);
      const Result<uint8_t> product = CheckedMul(x, y);
      ASSERT_EQ(product.ok(), a * b < 256);
      ASSERT_TRUE(!product.ok() || *product == a * b);
    }
  }
}

TEST(CheckedTest, AligningUpNeverWraps) {
  EXPECT_EQ(*CheckedAlignUp<uint32_t>(5, 8), 8u);
  EXPECT_EQ(*CheckedAlignUp<uint32_t>(0xfffffff8, 8), 0xfffffff8u);
  EXPECT_EQ(CheckedAlignUp<uint32_t>(0xfffffff9, 8).status(),
            Status::kOverflow);
}

}  // namespace
}  // namespace ebpf
