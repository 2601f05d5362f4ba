// SPDX-License-Identifier: MIT
#include "core/maps/chunked_array.h"

#include <set>

#include "core/base/memory.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

constexpr uintptr_t kLine = 64;

TEST(ChunkedArrayTest, EachRecordIsZeroAndItsOwn) {
  constexpr uint32_t kGroups = 3;
  constexpr uint32_t kCount = 20'000;  // several chunks
  constexpr size_t kSize = 24;
  ChunkedArray array(PortAllocator());
  ASSERT_EQ(array.Init(kGroups, kCount, kSize), Status::kOk);

  for (uint32_t group = 0; group < kGroups; ++group) {
    for (uint32_t number = 0; number < kCount; ++number) {
      uint8_t* record = array.At(group, number);
      ASSERT_EQ(reinterpret_cast<uintptr_t>(record) % 8, 0u);
      ASSERT_TRUE(AllZero(ConstBytes(record, kSize))) << group << " " << number;
      memset(record, 0xff, kSize);
    }
  }
}

TEST(ChunkedArrayTest, GroupsShareNoCacheLine) {
  ChunkedArray array(PortAllocator());
  ASSERT_EQ(array.Init(4, 3, 8), Status::kOk);
  std::set<uintptr_t> lines;
  for (uint32_t group = 0; group < 4; ++group) {
    std::set<uintptr_t> own;
    for (uint32_t number = 0; number < 3; ++number) {
      own.insert(reinterpret_cast<uintptr_t>(array.At(group, number)) / kLine);
    }
    for (const uintptr_t line : own) {
      EXPECT_TRUE(lines.insert(line).second);
    }
  }
}

TEST(ChunkedArrayTest, ALargeRecordHasAChunkOfItsOwn) {
  constexpr size_t kSize = 300'000;
  ChunkedArray array(PortAllocator());
  ASSERT_EQ(array.Init(2, 2, kSize), Status::kOk);
  for (uint32_t i = 0; i < 4; ++i) {
    memset(array.At(i / 2, i % 2), static_cast<int>(i + 1), kSize);
  }
  for (uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(array.At(i / 2, i % 2)[0], i + 1);
    EXPECT_EQ(array.At(i / 2, i % 2)[kSize - 1], i + 1);
  }
}

TEST(ChunkedArrayTest, MoreRecordsThanNumbersAreRefused) {
  ChunkedArray array(PortAllocator());
  EXPECT_EQ(array.Init(1, uint64_t{1} << 32, 8), Status::kNoMemory);
}

TEST(ChunkedArrayTest, EachFailedAllocationLeavesNothingBehind) {
  ForEachFailingAllocation("chunked array", [](FailingAllocator& allocator) {
    ChunkedArray array(allocator);
    EXPECT_EQ(array.Init(2, 5000, 64),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

}  // namespace
}  // namespace ebpf
