// SPDX-License-Identifier: MIT
//
// Against std::atomic, and under threads.
#include "core/base/atomic.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

static_assert(static_cast<int>(kRelaxed) ==
              static_cast<int>(std::memory_order_relaxed));
static_assert(static_cast<int>(kAcquire) ==
              static_cast<int>(std::memory_order_acquire));
static_assert(static_cast<int>(kRelease) ==
              static_cast<int>(std::memory_order_release));
static_assert(static_cast<int>(kAcqRel) ==
              static_cast<int>(std::memory_order_acq_rel));
static_assert(static_cast<int>(kSeqCst) ==
              static_cast<int>(std::memory_order_seq_cst));

TEST(AtomicTest, IsAStdAtomic) {
  Atomic<uint32_t> ours(7);
  std::atomic<uint32_t> theirs(7);
  EXPECT_EQ(ours.Load(kRelaxed), theirs.load());
  EXPECT_EQ(ours.FetchAdd(5, kSeqCst), theirs.fetch_add(5));
  EXPECT_EQ(ours.FetchSub(20, kAcqRel), theirs.fetch_sub(20));
  EXPECT_EQ(ours.FetchOr(0xf0, kRelease), theirs.fetch_or(0xf0));
  EXPECT_EQ(ours.FetchAnd(0xff, kAcquire), theirs.fetch_and(0xff));
  EXPECT_EQ(ours.Exchange(3, kAcqRel), theirs.exchange(3));
  EXPECT_EQ(ours.Load(kAcquire), theirs.load());
  for (const MemoryOrder order :
       {kRelaxed, kAcquire, kRelease, kAcqRel, kSeqCst}) {
    ours.Store(3, kRelaxed);
    uint32_t expected = 4;
    EXPECT_FALSE(ours.CompareExchange(expected, 9, order));
    EXPECT_EQ(expected, 3u);
    EXPECT_TRUE(ours.CompareExchange(expected, 9, order));
    EXPECT_EQ(ours.Load(kRelaxed), 9u);
  }
}

TEST(AtomicTest, HoldsPointersAndEnumerationsToo) {
  int object = 0;
  Atomic<int*> pointer;
  EXPECT_EQ(pointer.Load(kRelaxed), nullptr);
  pointer.Store(&object, kRelease);
  EXPECT_EQ(pointer.Load(kAcquire), &object);
  Atomic<MemoryOrder> order(kRelease);
  EXPECT_EQ(order.Exchange(kAcquire, kRelaxed), kRelease);
}

TEST(AtomicTest, AdditionsOfSeveralThreadsAllCount) {
  Atomic<uint64_t> sum;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10000; ++n) {
        sum.FetchAdd(3, kRelaxed);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(sum.Load(kRelaxed), 120000u);
}

// Under TSan.
TEST(AtomicTest, APartOfAWordIsExchangedAndTheOthersStay) {
  alignas(4) uint8_t parts[4] = {};
  std::atomic<uint32_t> wrong = 0;
  const auto exchange = [&](uint8_t part) {
    for (uint32_t i = 1; i < 100000; ++i) {
      const auto before = static_cast<uint8_t>(i - 1);
      wrong += internal::ExchangeInWord(&parts[part], static_cast<uint8_t>(i),
                                        kAcqRel) != before;
    }
  };
  std::vector<std::thread> threads;
  for (const uint8_t part : {0, 1, 2, 3}) {
    threads.emplace_back(exchange, part);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(wrong, 0u);
  alignas(4) uint16_t halves[2] = {1, 2};
  EXPECT_EQ(internal::ExchangeInWord(&halves[1], uint16_t{0xfffe}, kRelaxed),
            2u);
  EXPECT_EQ(halves[0], 1u);
  EXPECT_EQ(halves[1], 0xfffeu);
  alignas(4) bool flags[4] = {true, false, true, false};
  EXPECT_TRUE(internal::ExchangeInWord(&flags[2], false, kSeqCst));
  EXPECT_FALSE(internal::ExchangeInWord(&flags[2], true, kSeqCst));
  EXPECT_TRUE(flags[0] && !flags[1] && flags[2] && !flags[3]);
}

TEST(AtomicTest, ReleaseAndAcquireHandOverOtherMemory) {
  uint64_t message = 0;
  Atomic<bool> ready;
  std::thread sender([&] {
    message = 42;
    ready.Store(true, kRelease);
  });
  while (!ready.Load(kAcquire)) {
    std::this_thread::yield();
  }
  EXPECT_EQ(message, 42u);
  sender.join();
  ThreadFence(kSeqCst);
}

}  // namespace
}  // namespace ebpf
