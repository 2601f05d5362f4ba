// SPDX-License-Identifier: MIT
#include "core/probes/slot_pool.h"

#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_text.h"

namespace ebpf {
namespace {

constexpr uint64_t kAnywhere = UINT64_MAX;

TEST(SlotPoolTest, GivesSlotsThatDoNotOverlap) {
  FailingAllocator allocator;
  SlotPool pool;
  std::set<uint64_t> slots;
  for (int i = 0; i < 300; ++i) {  // more than two pages
    const Result<uint64_t> slot = pool.Allocate(allocator, 0, kAnywhere);
    ASSERT_TRUE(slot.ok());
    EXPECT_EQ(*slot % machine::kMaxSlotSize, 0u);
    EXPECT_TRUE(slots.insert(*slot).second);
  }
  EXPECT_EQ(HostExecBytes(), 3u * 4096);
  EXPECT_FALSE(pool.Shrink(allocator));
  for (const uint64_t slot : slots) {
    pool.Free(slot);
  }
  EXPECT_TRUE(pool.Shrink(allocator));
  EXPECT_EQ(HostExecBytes(), 0u);
}

TEST(SlotPoolTest, UsesFreedSlotsAgain) {
  FailingAllocator allocator;
  SlotPool pool;
  const Result<uint64_t> first = pool.Allocate(allocator, 0, kAnywhere);
  const Result<uint64_t> second = pool.Allocate(allocator, 0, kAnywhere);
  pool.Free(*first);
  EXPECT_EQ(*pool.Allocate(allocator, 0, kAnywhere), *first);
  pool.Free(*first);
  pool.Free(*second);
  EXPECT_TRUE(pool.Shrink(allocator));
}

TEST(SlotPoolTest, KeepsWithinReach) {
  FailingAllocator allocator;
  SlotPool pool;
  const auto near = reinterpret_cast<uint64_t>(&HostExecBytes);
  constexpr uint64_t kReach = 1 << 30;
  const Result<uint64_t> far = pool.Allocate(allocator, 0, kAnywhere);
  std::vector<uint64_t> slots = {*far};
  for (int i = 0; i < 130; ++i) {
    const Result<uint64_t> slot = pool.Allocate(allocator, near, kReach);
    ASSERT_TRUE(slot.ok());
    const uint64_t distance = *slot > near ? *slot - near : near - *slot;
    EXPECT_LT(distance, kReach);
    slots.push_back(*slot);
  }
  EXPECT_EQ(pool.Allocate(allocator, near, 16).status(), Status::kNoMemory);
  for (const uint64_t slot : slots) {
    pool.Free(slot);
  }
  EXPECT_TRUE(pool.Shrink(allocator));
}

TEST(SlotPoolTest, SaysWhereThereIsNoMemory) {
  SlotPool pool;
  FailingAllocator none(1);
  EXPECT_EQ(pool.Allocate(none, 0, kAnywhere).status(), Status::kNoMemory);
  FailingAllocator allocator;
  FailNthAllocation(2);  // the executable memory
  EXPECT_EQ(pool.Allocate(allocator, 0, kAnywhere).status(), Status::kNoMemory);
  FailNthAllocation(0);
  EXPECT_EQ(HostExecBytes(), 0u);
  EXPECT_TRUE(pool.Shrink(allocator));
}

}  // namespace
}  // namespace ebpf
