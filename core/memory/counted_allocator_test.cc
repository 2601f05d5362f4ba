// SPDX-License-Identifier: MIT
#include "core/memory/counted_allocator.h"

#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

TEST(CountedAllocatorTest, CountsWhatIsOutstanding) {
  const uint64_t before = PortAllocatedBytes();
  CountedAllocator* counted = *CountedAllocator::Create(PortAllocator());
  EXPECT_EQ(counted->bytes(), 0u);
  void* first = counted->Allocate(100, 8);
  void* second = counted->Allocate(4096, 4096);
  EXPECT_EQ(counted->bytes(), 4196u);
  EXPECT_EQ(PortAllocatedBytes(),
            before + sizeof(CountedAllocator) + counted->bytes());
  counted->Free(first, 100, 8);
  EXPECT_EQ(counted->bytes(), 4096u);
  counted->Close();
  EXPECT_EQ(counted->bytes(), 4096u);
  counted->Free(second, 4096, 4096);
  EXPECT_EQ(PortAllocatedBytes(), before);
}

TEST(CountedAllocatorTest, CountsWhatProcessesMap) {
  CountedAllocator* counted = *CountedAllocator::Create(PortAllocator());
  void* pages = counted->AllocateMappable(8192);
  EXPECT_EQ(counted->bytes(), 8192u);
  EXPECT_EQ(HostMappableBytes(), 8192u);
  counted->FreeMappable(pages, 8192);
  EXPECT_EQ(counted->bytes(), 0u);
  EXPECT_EQ(HostMappableBytes(), 0u);
  counted->Close();
}

TEST(CountedAllocatorTest, IsThereUntilItIsClosed) {
  const uint64_t before = PortAllocatedBytes();
  CountedAllocator* counted = *CountedAllocator::Create(PortAllocator());
  counted->Free(counted->Allocate(8, 8), 8, 8);
  EXPECT_EQ(counted->bytes(), 0u);
  counted->Close();
  EXPECT_EQ(PortAllocatedBytes(), before);
}

TEST(CountedAllocatorTest, WhatFailedIsNotCounted) {
  CountedAllocator* counted = *CountedAllocator::Create(PortAllocator());
  FailNthAllocation(1);
  EXPECT_EQ(counted->Allocate(8, 8), nullptr);
  FailNthAllocation(1);
  EXPECT_EQ(counted->AllocateMappable(4096), nullptr);
  FailNthAllocation(0);
  EXPECT_EQ(counted->bytes(), 0u);
  counted->Close();

  FailNthAllocation(1);
  EXPECT_EQ(CountedAllocator::Create(PortAllocator()).status(),
            Status::kNoMemory);
  FailNthAllocation(0);
}

}  // namespace
}  // namespace ebpf
