// SPDX-License-Identifier: MIT
#include "core/memory/vector.h"

#include <cstdint>

#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

TEST(VectorTest, KeepsWhatIsPutInWhileItGrows) {
  FailingAllocator allocator;
  Vector<uint32_t> numbers(allocator);
  EXPECT_TRUE(numbers.empty());
  for (uint32_t i = 0; i < 1000; ++i) {
    ASSERT_EQ(numbers.PushBack(i * i), Status::kOk);
  }

  ASSERT_EQ(numbers.size(), 1000u);
  uint32_t expected = 0;
  for (uint32_t number : numbers) {
    ASSERT_EQ(number, expected * expected);
    ++expected;
  }
  EXPECT_EQ(numbers.span().size(), 1000u);
  // It doubles: a logarithm of allocations.
  EXPECT_LT(allocator.calls(), 12u);
  EXPECT_EQ(allocator.outstanding_blocks(), 1u);
}

TEST(VectorTest, AppendsManyAtOnceAndNone) {
  FailingAllocator allocator;
  Vector<uint8_t> bytes(allocator);
  const uint8_t some[] = {1, 2, 3};
  EXPECT_EQ(bytes.Append(Span<const uint8_t>(some)), Status::kOk);
  EXPECT_EQ(bytes.Append(Span<const uint8_t>()), Status::kOk);
  EXPECT_EQ(bytes.Append(Span<const uint8_t>(some)), Status::kOk);
  ASSERT_EQ(bytes.size(), 6u);
  EXPECT_EQ(bytes[3], 1);
  EXPECT_EQ(bytes[5], 3);
}

TEST(VectorTest, RoomThatIsReservedNeedsNoMemoryLater) {
  FailingAllocator allocator;
  Vector<uint32_t> numbers(allocator);
  EXPECT_EQ(numbers.Reserve(100), Status::kOk);
  const uint64_t calls = allocator.calls();
  for (uint32_t i = 0; i < 100; ++i) {
    ASSERT_EQ(numbers.PushBack(i), Status::kOk);
  }
  EXPECT_EQ(allocator.calls(), calls);
}

TEST(VectorTest, MoreThanThereCanBeIsAnOverflowOrNoMemory) {
  FailingAllocator allocator;
  Vector<uint64_t> numbers(allocator);
  EXPECT_EQ(numbers.PushBack(7), Status::kOk);
  EXPECT_EQ(numbers.Reserve(SIZE_MAX), Status::kOverflow);
  EXPECT_EQ(numbers.Append(Span<const uint64_t>(numbers.begin(), SIZE_MAX)),
            Status::kOverflow);
  ASSERT_EQ(numbers.size(), 1u);
  EXPECT_EQ(numbers[0], 7u);
}

TEST(VectorTest, AFailedGrowthChangesNothing) {
  ForEachFailingAllocation("vector", [](FailingAllocator& allocator) {
    Vector<uint32_t> numbers(allocator);
    uint32_t count = 0;
    while (count < 1000 && IsOk(numbers.PushBack(count))) {
      ++count;
    }
    EXPECT_EQ(count == 1000, !allocator.failed());
    ASSERT_EQ(numbers.size(), count);
    for (uint32_t i = 0; i < count; ++i) {
      ASSERT_EQ(numbers[i], i);
    }
  });
}

}  // namespace
}  // namespace ebpf
