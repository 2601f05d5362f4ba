// SPDX-License-Identifier: MIT
#include "core/probes/slot_pool.h"

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "core/probes/text_patch.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_text.h"

namespace ebpf {
namespace {

constexpr uint64_t kAnywhere = UINT64_MAX;

void ExpectToEndEmpty(SlotPool& pool, Allocator& allocator) {
  EXPECT_EQ(pool.Quiesce(allocator), Status::kOk);
  EXPECT_TRUE(pool.empty());
}

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
  EXPECT_EQ(pool.Quiesce(allocator), Status::kOk);
  EXPECT_EQ(HostExecBytes(), 3u * 4096);
  for (const uint64_t slot : slots) {
    pool.Free(slot);
  }
  EXPECT_EQ(HostExecBytes(), 3u * 4096);
  ExpectToEndEmpty(pool, allocator);
  EXPECT_EQ(HostExecBytes(), 0u);
}

TEST(SlotPoolTest, UsesFreedSlotsAgain) {
  FailingAllocator allocator;
  SlotPool pool;
  const Result<uint64_t> first = pool.Allocate(allocator, 0, kAnywhere);
  const Result<uint64_t> second = pool.Allocate(allocator, 0, kAnywhere);
  pool.Free(*first);
  EXPECT_TRUE(pool.has_freed());
  EXPECT_EQ(pool.Quiesce(allocator), Status::kOk);
  EXPECT_FALSE(pool.has_freed());
  EXPECT_EQ(*pool.Allocate(allocator, 0, kAnywhere), *first);
  pool.Free(*first);
  pool.Free(*second);
  ExpectToEndEmpty(pool, allocator);
}

/// Writes `code` into a slot.
void Write(uint64_t slot, ConstBytes code) {
  const TextPatch patch = {slot, nullptr, code.data(),
                           static_cast<uint8_t>(code.size())};
  ASSERT_EQ(ApplyTextPatches(Span<const TextPatch>(&patch, 1)), Status::kOk);
}

// movb [rdi], 1; again: pause; cmpb [rsi], 0; je again; ret
constexpr uint8_t kStay[] = {0xc6, 0x07, 0x01, 0xf3, 0x90, 0x80,
                             0x3e, 0x00, 0x74, 0xf9, 0xc3};

/// A CPU that is in a slot, where it can be interrupted, while this lives.
class CpuInSlot {
 public:
  explicit CpuInSlot(uint64_t slot)
      : thread_([this, slot] {
          const HostCpu self(1);
          reinterpret_cast<void (*)(std::atomic<bool>*, std::atomic<bool>*)>(
              slot)(&inside_, &leave_);
        }) {
    while (!inside_) {
      std::this_thread::yield();
    }
  }
  ~CpuInSlot() {
    leave_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> inside_{false};
  std::atomic<bool> leave_{false};
  std::thread thread_;
};

TEST(SlotPoolTest, KeepsAFreedSlotWhileSomebodyIsInside) {
  FailingAllocator allocator;
  SlotPool pool;
  const uint64_t slot = *pool.Allocate(allocator, 0, kAnywhere);
  const uint64_t other = *pool.Allocate(allocator, 0, kAnywhere);
  Write(slot, kStay);
  pool.SetOrigin(slot, 0x1000);
  pool.SetOrigin(other, 0x2000);
  {
    const CpuInSlot cpu(slot);
    pool.Free(slot);
    pool.Free(other);
    EXPECT_EQ(pool.OriginOf(slot), 0x1000u);
    EXPECT_EQ(pool.Quiesce(allocator), Status::kOk);
    EXPECT_EQ(pool.OriginOf(slot), 0x1000u);
    EXPECT_EQ(pool.OriginOf(other), other);
    EXPECT_EQ(*pool.Allocate(allocator, 0, kAnywhere), other);
    EXPECT_NE(*pool.Allocate(allocator, 0, kAnywhere), slot);
    pool.Free(other);
    pool.Free(other + machine::kMaxSlotSize);
    EXPECT_EQ(pool.Quiesce(allocator), Status::kOk);
    EXPECT_FALSE(pool.empty());
  }
  ExpectToEndEmpty(pool, allocator);
}

TEST(SlotPoolTest, GivesASlotToAnotherOnlyAfterAllWereAsked) {
  FailingAllocator allocator;
  SlotPool pool;
  const uint64_t slot = *pool.Allocate(allocator, 0, kAnywhere);
  pool.SetOrigin(slot, 0x1000);
  pool.Free(slot);
  const uint64_t second = *pool.Allocate(allocator, 0, kAnywhere);
  EXPECT_NE(second, slot);
  EXPECT_EQ(pool.Quiesce(allocator), Status::kOk);
  EXPECT_EQ(*pool.Allocate(allocator, 0, kAnywhere), slot);
  pool.Free(slot);
  pool.Free(second);
  ExpectToEndEmpty(pool, allocator);
}

TEST(SlotPoolTest, KeepsFreedSlotsWhereThePortCannotTell) {
  FailingAllocator allocator;
  SlotPool pool;
  const uint64_t slot = *pool.Allocate(allocator, 0, kAnywhere);
  pool.SetOrigin(slot, 0x1000);
  pool.Free(slot);
  SetHostPreemption(EBPF_PREEMPTION_UNKNOWN);
  EXPECT_EQ(pool.Quiesce(allocator), Status::kOk);
  EXPECT_FALSE(pool.empty());
  SetHostPreemption(EBPF_PREEMPTION_NONE);
  ExpectToEndEmpty(pool, allocator);
}

TEST(SlotPoolTest, TellsTheOriginOfWhatIsInASlot) {
  FailingAllocator allocator;
  SlotPool pool;
  EXPECT_EQ(pool.OriginOf(0x1000), 0x1000u);
  const uint64_t slot = *pool.Allocate(allocator, 0, kAnywhere);
  const uint64_t stepped = *pool.Allocate(allocator, 0, kAnywhere);
  pool.SetOrigin(slot, 0x1000);
  EXPECT_EQ(pool.OriginOf(slot), 0x1000u);
  EXPECT_EQ(pool.OriginOf(slot + 7), 0x1007u);
  EXPECT_EQ(pool.OriginOf(stepped), stepped);
  pool.SetOrigin(slot, 0x1000, 12);  // what runs before is the detour's own
  EXPECT_EQ(pool.OriginOf(slot), 0x1000u);
  EXPECT_EQ(pool.OriginOf(slot + 12), 0x1000u);
  EXPECT_EQ(pool.OriginOf(slot + 16), 0x1004u);
  EXPECT_EQ(pool.OriginOf(slot - 1), slot - 1);
  EXPECT_EQ(pool.OriginOf(slot + 4096), slot + 4096);
  pool.Free(slot);
  pool.Free(stepped);
  ExpectToEndEmpty(pool, allocator);
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
  ExpectToEndEmpty(pool, allocator);
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
  ExpectToEndEmpty(pool, allocator);
}

}  // namespace
}  // namespace ebpf
