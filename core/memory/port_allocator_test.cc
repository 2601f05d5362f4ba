// SPDX-License-Identifier: MIT
#include "core/memory/allocator.h"
#include "core/platform/cpu.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

struct Pair {
  Pair(int a, int b) : first(a), second(b) {}
  int first;
  int second;
};

TEST(PortAllocatorTest, BalanceIsWhatIsOutstanding) {
  Allocator& allocator = PortAllocator();
  EXPECT_EQ(PortAllocatedBytes(), 0u);
  void* a = allocator.Allocate(100, 8);
  void* b = allocator.Allocate(4096, 4096);
  ASSERT_NE(a, nullptr);
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(b) % 4096, 0u);
  EXPECT_EQ(PortAllocatedBytes(), 4196u);
  EXPECT_EQ(HostAllocatedBytes(), 4196u);
  allocator.Free(a, 100, 8);
  EXPECT_EQ(PortAllocatedBytes(), 4096u);
  allocator.Free(b, 4096, 4096);
  EXPECT_EQ(PortAllocatedBytes(), 0u);
}

TEST(PortAllocatorTest, MemoryThatProcessesMapIsThePortsOwnKind) {
  Allocator& allocator = PortAllocator();
  void* pages = allocator.AllocateMappable(8192);
  ASSERT_NE(pages, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(pages) % 4096, 0u);
  EXPECT_EQ(PortAllocatedBytes(), 8192u);
  EXPECT_EQ(HostMappableBytes(), 8192u);
  allocator.FreeMappable(pages, 8192);
  EXPECT_EQ(PortAllocatedBytes(), 0u);
  EXPECT_EQ(HostMappableBytes(), 0u);
}

TEST(PortAllocatorDeathTest, TheOtherKindsFunctionTakesNothingBack) {
  Allocator& allocator = PortAllocator();
  void* pages = allocator.AllocateMappable(4096);
  EXPECT_DEATH(allocator.Free(pages, 4096, 4096), "the other function's");
  allocator.FreeMappable(pages, 4096);
}

TEST(PortAllocatorTest, AFailedAllocationIsNotCounted) {
  FailNthAllocation(1);
  EXPECT_EQ(PortAllocator().Allocate(64, 8), nullptr);
  FailNthAllocation(1);
  EXPECT_EQ(PortAllocator().AllocateMappable(4096), nullptr);
  EXPECT_EQ(PortAllocatedBytes(), 0u);
}

TEST(AllocatorTest, NewMakesAnObjectAndDeleteFreesIt) {
  FailingAllocator allocator;
  Pair* pair = *allocator.New<Pair>(3, 4);
  EXPECT_EQ(pair->first, 3);
  EXPECT_EQ(pair->second, 4);
  EXPECT_EQ(allocator.outstanding_bytes(), sizeof(Pair));
  allocator.Delete(pair);
  EXPECT_EQ(allocator.outstanding_blocks(), 0u);
}

TEST(AllocatorTest, NewSaysWhenThereIsNoMemory) {
  FailingAllocator allocator(1);
  EXPECT_EQ(allocator.New<Pair>(3, 4).status(), Status::kNoMemory);
  EXPECT_EQ(allocator.NewArray<uint64_t>(0).status(), Status::kOk);
}

TEST(AllocatorTest, ArraysAreZeroedAndOfAnySize) {
  FailingAllocator allocator;
  const Span<uint64_t> array = *allocator.NewArray<uint64_t>(100);
  for (const uint64_t element : array) {
    EXPECT_EQ(element, 0u);
  }
  allocator.DeleteArray(array);
  const Span<uint64_t> empty = *allocator.NewArray<uint64_t>(0);
  EXPECT_TRUE(empty.empty());
  allocator.DeleteArray(empty);
  EXPECT_EQ(allocator.calls(), 1u);
}

TEST(AllocatorTest, AnArraysSizeMayNotOverflow) {
  FailingAllocator allocator;
  EXPECT_EQ(allocator.NewArray<uint64_t>(SIZE_MAX / 8 + 1).status(),
            Status::kOverflow);
  EXPECT_EQ(allocator.calls(), 0u);
}

}  // namespace
}  // namespace ebpf
