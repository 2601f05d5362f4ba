// SPDX-License-Identifier: MIT
#include "core/probes/slot_pool.h"

#include <atomic>
#include <csignal>
#include <map>
#include <set>
#include <sys/mman.h>
#include <thread>
#include <vector>

#include "core/probes/text_patch.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_text.h"

namespace ebpf {
namespace {

constexpr uint64_t kAnywhere = UINT64_MAX;

void ExpectToEndEmpty(SlotPool& pool, Allocator& allocator) {
  EXPECT_EQ(pool.Close(allocator), Status::kOk);
  EXPECT_TRUE(pool.empty());
}

std::vector<uint64_t> AllocateMany(SlotPool& pool, Allocator& allocator,
                                   size_t count) {
  std::vector<uint64_t> slots;
  for (size_t i = 0; i < count; ++i) {
    slots.push_back(*pool.Allocate(allocator, 0, kAnywhere));
  }
  return slots;
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
  EXPECT_EQ(HostExecBytes(),
            (300 * machine::kMaxSlotSize + 4095) / 4096 * 4096);
  EXPECT_EQ(pool.Quiesce(allocator), Status::kOk);
  for (const uint64_t slot : slots) {
    pool.Free(slot);
  }
  EXPECT_EQ(HostExecBytes(),
            (300 * machine::kMaxSlotSize + 4095) / 4096 * 4096);
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

TEST(SlotPoolTest, KeepsOnePageForTheNextProbe) {
  FailingAllocator allocator;
  SlotPool pool;
  for (const size_t count : {1, 300, 1000, 2}) {
    for (const uint64_t slot : AllocateMany(pool, allocator, count)) {
      pool.Free(slot);
    }
    EXPECT_EQ(pool.Quiesce(allocator), Status::kOk);
    EXPECT_EQ(HostExecBytes(), 4096u);
    EXPECT_EQ(allocator.outstanding_blocks(), 1u);
    EXPECT_FALSE(pool.has_freed());
  }
  const uint64_t calls = allocator.calls();
  for (int i = 0; i < 10; ++i) {
    pool.Free(*pool.Allocate(allocator, 0, kAnywhere));
    EXPECT_EQ(pool.Quiesce(allocator), Status::kOk);
  }
  EXPECT_EQ(allocator.calls(), calls);
  ExpectToEndEmpty(pool, allocator);
  EXPECT_EQ(HostExecBytes(), 0u);
}

TEST(SlotPoolTest, ASlotThatNobodyFoundIsFreeAtOnce) {
  FailingAllocator allocator;
  SlotPool pool;
  const std::vector<uint64_t> slots = AllocateMany(pool, allocator, 128);
  pool.SetOrigin(slots[77], 0x1000);
  pool.Return(slots[77]);
  EXPECT_EQ(pool.OriginOf(slots[77]), slots[77]);
  EXPECT_FALSE(pool.has_freed());
  EXPECT_EQ(*pool.Allocate(allocator, 0, kAnywhere), slots[77]);
  for (const uint64_t slot : slots) {
    pool.Return(slot);
  }
  EXPECT_EQ(HostExecBytes(), 4096u);
  EXPECT_TRUE(pool.has_freed());
  ExpectToEndEmpty(pool, allocator);
}

TEST(SlotPoolTest, ManySlotsAreFoundEmptyInSeveralRendezvous) {
  FailingAllocator allocator;
  SlotPool pool;
  constexpr size_t kPages = 200;
  const std::vector<uint64_t> slots =
      AllocateMany(pool, allocator, kPages * 4096 / machine::kMaxSlotSize);
  const uint64_t before = HostRendezvousCount();
  EXPECT_EQ(pool.Quiesce(allocator), Status::kOk);
  EXPECT_EQ(HostRendezvousCount() - before, 1u);
  for (const uint64_t slot : slots) {
    pool.SetOrigin(slot, 0x1000);
    pool.Free(slot);
  }
  EXPECT_EQ(pool.Quiesce(allocator), Status::kOk);
  EXPECT_EQ(HostRendezvousCount() - before, 1 + (kPages + 63) / 64);
  EXPECT_EQ(HostExecBytes(), 4096u);
  ExpectToEndEmpty(pool, allocator);
}

/// Gives each block pages of its own, and counts blocks that are touched.
class TouchCounter final : public Allocator {
 public:
  TouchCounter() {
    self_ = this;
    struct sigaction action = {};
    action.sa_sigaction = &TouchCounter::Touched;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, &before_);
  }
  ~TouchCounter() {
    sigaction(SIGSEGV, &before_, nullptr);
    EXPECT_EQ(blocks_.size(), 0u);
  }

  void* Allocate(size_t size, size_t /*align*/) override {
    void* block = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    blocks_[reinterpret_cast<uintptr_t>(block)] = size;
    return block;
  }
  void Free(void* memory, size_t size, size_t /*align*/) override {
    blocks_.erase(reinterpret_cast<uintptr_t>(memory));
    munmap(memory, size);
  }

  /// How many blocks `work` touches.
  template <typename Work>
  size_t Count(Work work) {
    touched_ = 0;
    for (const auto& [begin, size] : blocks_) {
      mprotect(reinterpret_cast<void*>(begin), size, PROT_NONE);
    }
    work();
    for (const auto& [begin, size] : blocks_) {
      mprotect(reinterpret_cast<void*>(begin), size, PROT_READ | PROT_WRITE);
    }
    return touched_;
  }

 private:
  static void Touched(int signal, siginfo_t* info, void* /*context*/) {
    const auto at = reinterpret_cast<uintptr_t>(info->si_addr);
    auto block = self_->blocks_.upper_bound(at);
    if (block == self_->blocks_.begin() ||
        at - (--block)->first >= block->second) {
      sigaction(signal, &self_->before_, nullptr);
      return;
    }
    ++self_->touched_;
    mprotect(reinterpret_cast<void*>(block->first), block->second,
             PROT_READ | PROT_WRITE);
  }

  static TouchCounter* self_;
  struct sigaction before_ = {};
  std::map<uintptr_t, size_t> blocks_;
  size_t touched_ = 0;
};
TouchCounter* TouchCounter::self_ = nullptr;

TEST(SlotPoolTest, WhatASlotTakesDoesNotGrowWithTheOthers) {
  TouchCounter allocator;
  SlotPool pool;
  constexpr size_t kPages = 256;
  const std::vector<uint64_t> slots =
      AllocateMany(pool, allocator, kPages * 4096 / machine::kMaxSlotSize);
  // A page is in one of 64 lists, not all of which are as long.
  constexpr size_t kFew = 16;
  uint64_t first = 0;
  uint64_t second = 0;
  EXPECT_LE(allocator.Count([&] { pool.SetOrigin(slots[0], 0x1000); }), kFew);
  EXPECT_LE(allocator.Count([&] { pool.Free(slots[0]); }), kFew);
  // Of pages without freed slots none is touched, with CPUs stopped or not.
  EXPECT_LE(allocator.Count([&] { (void)pool.Quiesce(allocator); }), kFew);
  EXPECT_LE(allocator.Count([&] {
    first = *pool.Allocate(allocator, 0, kAnywhere);
    second = *pool.Allocate(allocator, 0, kAnywhere);
  }),
            kFew);
  EXPECT_EQ(first, slots[0]);
  EXPECT_LE(allocator.Count([&] { (void)pool.OriginOf(0x1234); }), kFew);
  EXPECT_LE(allocator.Count([&] { pool.Return(second); }), kFew);
  for (const uint64_t slot : slots) {
    pool.Free(slot);
  }
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
  // Before the copy: what a detour asks.
  EXPECT_EQ(pool.AddressAt(slot), 0x1000u);
  EXPECT_EQ(pool.AddressAt(stepped), 0u);
  EXPECT_EQ(pool.AddressAt(0x1000), 0u);
  pool.SetOrigin(slot, 0x1000, 12);  // what runs before is the detour's own
  EXPECT_EQ(pool.OriginOf(slot), 0x1000u);
  EXPECT_EQ(pool.OriginOf(slot + 12), 0x1000u);
  EXPECT_EQ(pool.OriginOf(slot + 16), 0x1004u);
  EXPECT_EQ(pool.EndOf(slot), 0x1000u + machine::kMaxWindowSize);
  pool.SetOrigin(slot, 0x1000, 12, 6);
  EXPECT_EQ(pool.OriginOf(slot + 17), 0x1005u);
  EXPECT_EQ(pool.OriginOf(slot + 18), 0x1006u);  // what jumps back
  EXPECT_EQ(pool.OriginOf(slot + 22), 0x1006u);
  for (const uint64_t offset : {0, 12, 17, 22}) {
    EXPECT_EQ(pool.EndOf(slot + offset), 0x1006u);
  }
  EXPECT_EQ(pool.EndOf(stepped), stepped);
  EXPECT_EQ(pool.EndOf(slot + 4096), slot + 4096);
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
