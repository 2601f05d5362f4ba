// SPDX-License-Identifier: MIT
#include "core/memory/buffer.h"

#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

TEST(BufferTest, FreesItsArrayAtItsEnd) {
  FailingAllocator allocator;
  {
    Buffer<uint32_t> buffer(allocator);
    ASSERT_EQ(buffer.Allocate(7), Status::kOk);
    EXPECT_EQ(buffer.span().size(), 7u);
    EXPECT_EQ(buffer[6], 0u);
    EXPECT_EQ(allocator.outstanding_bytes(), 28u);
  }
  EXPECT_EQ(allocator.outstanding_bytes(), 0u);
}

TEST(BufferTest, WhatIsTakenIsTheCallers) {
  FailingAllocator allocator;
  Span<uint32_t> taken;
  {
    Buffer<uint32_t> buffer(allocator);
    ASSERT_EQ(buffer.Allocate(7), Status::kOk);
    taken = buffer.Take();
    EXPECT_TRUE(buffer.span().empty());
  }
  EXPECT_EQ(allocator.outstanding_bytes(), 28u);
  allocator.DeleteArray(taken);
}

TEST(BufferTest, WithoutMemoryThereIsNothingToFree) {
  FailingAllocator allocator(1);
  Buffer<uint32_t> buffer(allocator);
  EXPECT_EQ(buffer.Allocate(7), Status::kNoMemory);
  EXPECT_TRUE(buffer.span().empty());
}

}  // namespace
}  // namespace ebpf
