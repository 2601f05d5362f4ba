// SPDX-License-Identifier: MIT
//
// Against std::span.
#include "core/base/span.h"

#include <span>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

template <typename T>
void ExpectSame(Span<T> ours, std::span<T> theirs) {
  EXPECT_EQ(ours.data(), theirs.data());
  EXPECT_EQ(ours.size(), theirs.size());
  EXPECT_EQ(ours.empty(), theirs.empty());
  size_t index = 0;
  for (T& element : ours) {
    EXPECT_EQ(&element, &theirs[index]);
    EXPECT_EQ(&ours[index], &element);
    ++index;
  }
  EXPECT_EQ(index, theirs.size());
}

TEST(SpanTest, IsAStdSpan) {
  int array[] = {1, 2, 3, 4, 5};
  ExpectSame(Span<int>(array), std::span<int>(array));
  ExpectSame(Span<int>(), std::span<int>());
  ExpectSame(Span<int>(array, 3), std::span<int>(array, 3));
  for (size_t offset = 0; offset <= 5; ++offset) {
    ExpectSame(Span<int>(array).Subspan(offset),
               std::span<int>(array).subspan(offset));
    for (size_t count = 0; count <= 5 - offset; ++count) {
      ExpectSame(Span<int>(array).Subspan(offset, count),
                 std::span<int>(array).subspan(offset, count));
    }
  }
  ExpectSame(Span<int>(array).First(2), std::span<int>(array).first(2));
}

TEST(SpanTest, BecomesASpanOfConstants) {
  int array[] = {1, 2};
  const Span<const int> constant = Span<int>(array);
  EXPECT_EQ(constant.data(), array);
  EXPECT_EQ(constant.size(), 2u);
}

TEST(SpanTest, ContainsIsTrueInsideOnlyWhateverTheNumbers) {
  const uint8_t bytes[16] = {};
  const ConstBytes span(bytes);
  EXPECT_TRUE(span.Contains(0, 16));
  EXPECT_TRUE(span.Contains(16, 0));
  EXPECT_TRUE(span.Contains(15, 1));
  EXPECT_FALSE(span.Contains(15, 2));
  EXPECT_FALSE(span.Contains(17, 0));
  EXPECT_FALSE(span.Contains(UINT64_MAX, 1));
  EXPECT_FALSE(span.Contains(1, UINT64_MAX));
  EXPECT_FALSE(span.Contains(UINT64_MAX, UINT64_MAX));
}

TEST(SpanTest, BytesOfAnObjectAreItsMemory) {
  uint32_t object = 0;
  BytesOf(object)[1] = 0x12;
  EXPECT_EQ(object, 0x1200u);
  EXPECT_EQ(BytesOf(object).size(), 4u);
}

}  // namespace
}  // namespace ebpf
