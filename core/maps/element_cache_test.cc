// SPDX-License-Identifier: MIT
#include "core/maps/element_cache.h"

#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include "core/maps/map_test_util.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_signal_traps.h"

namespace ebpf {
namespace {

constexpr ElementCache::Shape kShape = {48, 8, 1'000'000};

/// A cache for the length of a test, and what was taken from it.
class Cache {
 public:
  explicit Cache(const ElementCache::Shape& shape = kShape,
                 Allocator& allocator = PortAllocator()) {
    Result<Ref<ElementCache>> made = ElementCache::Create(shape, allocator);
    EXPECT_TRUE(made.ok());
    cache_ = *made;
  }
  ~Cache() {
    for (void* block : taken_) {
      cache_->Free(block);
    }
    cache_->Close();
    cache_ = {};
    RunHostDeferred();
  }

  ElementCache* operator->() const { return cache_.get(); }
  ElementCache& operator*() const { return *cache_; }

  /// Takes as many as there are.
  size_t Drain() {
    size_t count = 0;
    while (void* block = cache_->Take()) {
      memset(block, 0xff, 48);
      EXPECT_TRUE(taken_.insert(block).second);
      ++count;
    }
    return count;
  }
  void* Take() {
    void* block = cache_->Take();
    EXPECT_TRUE(block == nullptr || taken_.insert(block).second);
    return block;
  }
  void* TakeAsTask() {
    void* block = cache_->TakeAsTask();
    EXPECT_TRUE(block == nullptr || taken_.insert(block).second);
    return block;
  }
  void Give(void* block) {
    EXPECT_EQ(taken_.erase(block), 1u);
    cache_->Give(block);
  }
  void GiveAll() {
    while (!taken_.empty()) {
      Give(*taken_.begin());
    }
  }
  size_t taken() const { return taken_.size(); }

 private:
  Ref<ElementCache> cache_;
  std::set<void*> taken_;
};

class ElementCacheTest : public MapTest {
 protected:
  ~ElementCacheTest() override { SetHostDeferSupport(true); }
};

TEST_F(ElementCacheTest, GivesWhatIsInTheStocksOfAllCpusAndThenNothing) {
  Cache cache;
  const size_t count = cache.Drain();
  EXPECT_GE(count, 8u * 40);
  EXPECT_EQ(cache.Take(), nullptr);
}

TEST_F(ElementCacheTest, BlocksAreZeroAtFirstAndAligned) {
  Cache cache({64, 64, 1000});
  while (void* block = cache.Take()) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 64, 0u);
    EXPECT_TRUE(AllZero(ConstBytes(static_cast<uint8_t*>(block), 64)));
  }
}

TEST_F(ElementCacheTest, ATaskFillsTheStocksThatATrapFoundLow) {
  Cache cache;
  size_t first = 0;
  {
    const HostTrap trap;
    first = cache.Drain();
  }
  EXPECT_GT(RunHostDeferred(), 0u);
  const HostTrap trap;
  EXPECT_EQ(cache.Drain(), first);
}

TEST_F(ElementCacheTest, TheBlockGivenLastIsTakenFirst) {
  Cache cache;
  void* block = cache.Take();
  cache.Give(block);
  EXPECT_EQ(cache.Take(), block);
}

TEST_F(ElementCacheTest, WhatHasNoRoomIsFreedWhenTheReadersOfNowHaveEnded) {
  Cache cache;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_NE(cache.TakeAsTask(), nullptr);
  }
  const uint64_t full = PortAllocatedBytes();
  cache.GiveAll();
  EXPECT_EQ(PortAllocatedBytes(), full) << "freed at once";
  std::atomic<bool> reading{false};
  std::atomic<bool> done{false};
  std::thread reader([&] {
    const HostCpu cpu(1);
    const ReadSection section;
    reading = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(PortAllocatedBytes(), full);
    done = true;
  });
  while (!reading) {
    std::this_thread::yield();
  }
  RunHostDeferred();
  EXPECT_TRUE(done);
  EXPECT_LE(PortAllocatedBytes(), full - 48 * 500);
  reader.join();
}

TEST_F(ElementCacheTest, BlocksWithoutRoomFillOtherStocksFirst) {
  Cache cache({48, 8, 10'000});
  const size_t count = cache.Drain();
  const uint64_t bytes = PortAllocatedBytes();
  cache.GiveAll();  // all to one CPU
  RunHostDeferred();
  EXPECT_LE(PortAllocatedBytes(), bytes + 48 * 64) << "one stock is full";
  const HostCpu cpu(5);
  EXPECT_GE(cache.Drain(), count);
}

TEST_F(ElementCacheTest, FewBlocksMakeSmallStocks) {
  Cache cache({48, 8, 1});
  EXPECT_LE(cache.Drain(), 16u);
}

TEST_F(ElementCacheTest, WhatExistsIsBoundedThoughNoTaskEverRuns) {
  Cache cache({48, 8, 100});
  const uint64_t bytes = PortAllocatedBytes();
  size_t most = 0;
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 100; ++i) {
      most += cache.TakeAsTask() != nullptr ? 1 : 0;
    }
    cache.GiveAll();
  }
  EXPECT_GT(most, 300u);
  EXPECT_LE(PortAllocatedBytes() - bytes, 48u * (200 + 8 * 64));
}

TEST_F(ElementCacheTest, WithoutDeferTheNextCallOfATaskFillsTheStocks) {
  SetHostDeferSupport(false);
  Cache cache;
  const size_t count = cache.Drain();
  EXPECT_EQ(RunHostDeferred(), 0u);
  EXPECT_EQ(cache.Take(), nullptr);
  ServeElementCaches();
  EXPECT_EQ(cache.Drain(), count);
  ServeElementCaches();
  cache.GiveAll();
  const uint64_t bytes = PortAllocatedBytes();
  ServeElementCaches();
  EXPECT_LT(PortAllocatedBytes(), bytes);
}

TEST_F(ElementCacheTest, ACacheThatDiesWhileATaskIsAskedForLeavesNothing) {
  const uint64_t bytes = PortAllocatedBytes();
  Ref<ElementCache> cache = *ElementCache::Create(kShape, PortAllocator());
  std::set<void*> taken;
  while (void* block = cache->Take()) {
    taken.insert(block);
  }
  for (void* block : taken) {
    cache->Free(block);
  }
  cache->Close();
  cache = {};
  EXPECT_LE(PortAllocatedBytes(), bytes + sizeof(ElementCache));
  EXPECT_GT(RunHostDeferred(), 0u);
  EXPECT_EQ(PortAllocatedBytes(), bytes);
}

TEST_F(ElementCacheTest, EachBlockIsShownBeforeItGoesBackToTheAllocator) {
  std::set<void*> freed;
  ElementCache::Shape shape = kShape;
  shape.freed = [](void* blocks, void* block) {
    static_cast<std::set<void*>*>(blocks)->insert(block);
    memset(block, 0xdd, 48);  // it is there still
    return false;
  };
  shape.context = &freed;
  uint64_t made = 0;
  {
    Cache cache(shape);
    made = cache.Drain();
    for (int i = 0; i < 1000; ++i) {
      made += cache.TakeAsTask() != nullptr ? 1 : 0;
    }
    cache.GiveAll();
    RunHostDeferred();
    EXPECT_GT(freed.size(), 500u);
    EXPECT_LT(freed.size(), made);
  }
  EXPECT_EQ(freed.size(), made);
}

/// What is shown a block for the first time, and the second.
struct Showing {
  std::map<void*, int> times;
  int seen_first = 0;  // so many are seen the first time
};

TEST_F(ElementCacheTest, ABlockThatSomebodyCameToIsNotFreedYet) {
  Showing showing;
  showing.seen_first = 10;
  ElementCache::Shape shape = kShape;
  shape.freed = [](void* context, void* block) {
    auto& all = *static_cast<Showing*>(context);
    return ++all.times[block] == 1 && all.seen_first-- > 0;
  };
  shape.context = &showing;
  Cache cache(shape);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_NE(cache.TakeAsTask(), nullptr);
  }
  const uint64_t bytes = PortAllocatedBytes();
  cache.GiveAll();
  ASSERT_GT(RunHostDeferred(), 0u);
  uint64_t freed = 0;
  for (const auto& [block, times] : showing.times) {
    freed += times >= 2 ? 1 : 0;
  }
  EXPECT_GT(freed, 500u);
  EXPECT_LE(showing.times.size(), freed + 10);
  EXPECT_EQ(PortAllocatedBytes(), bytes - freed * shape.block_size);
}

TEST_F(ElementCacheTest, EachFailedAllocationLeavesNothingBehind) {
  ForEachFailingAllocation("element cache", [](FailingAllocator& allocator) {
    Result<Ref<ElementCache>> made =
        ElementCache::Create({48, 8, 4}, allocator);
    EXPECT_EQ(made.status(),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
    if (made.ok()) {
      (*made)->Close();
    }
  });
}

TEST_F(ElementCacheTest, ATaskThatFindsNoMemoryUsesTheStocks) {
  Cache cache;
  FailAllocationsFrom(1);
  EXPECT_NE(cache.TakeAsTask(), nullptr);
  EXPECT_GT(cache.Drain(), 0u);
  EXPECT_EQ(cache.TakeAsTask(), nullptr);
  RunHostDeferred();
  EXPECT_EQ(cache.Take(), nullptr);
  FailNthAllocation(0);
  RunHostDeferred();
  EXPECT_NE(cache.Take(), nullptr);
}

TEST_F(ElementCacheTest, ThreadsNeverHoldOneBlockTwiceWhileStocksAreEvenedOut) {
  struct Content {
    std::atomic<uint64_t> link;
    std::atomic<uint32_t> holders;
  };
  Cache cache({sizeof(Content), 8, 64});
  std::optional<HostDeferWorker> worker(7);
  std::atomic<uint64_t> taken{0};
  RunOnCpus(4, [&](uint32_t thread) {
    for (int i = 0; i < 50'000; ++i) {
      Content* held[16];
      uint32_t count = 0;
      while (count < 16) {
        void* block = thread == 0 ? cache->TakeAsTask() : cache->Take();
        if (block == nullptr) {
          break;
        }
        held[count] = static_cast<Content*>(block);
        ASSERT_EQ(held[count]->holders.fetch_add(1), 0u);
        ++count;
      }
      taken += count;
      while (count > 0) {
        --count;
        held[count]->holders.fetch_sub(1);
        cache->Give(held[count]);
      }
    }
  });
  worker.reset();
  EXPECT_GT(taken.load(), 100'000u);
}

struct TrapState {
  ElementCache* cache;
  void* held[4];
  uint32_t count;
  uint64_t taken;
};
TrapState g_trap;

TEST_F(ElementCacheTest, ATrapAnywhereTakesAndGivesAndNoBlockIsHeldTwice) {
  Cache cache({48, 8, 1000});
  g_trap = {&*cache, {}, 0, 0};
  std::optional<SignalTraps> traps([] {
    if (g_trap.count == 4 || (g_trap.count > 0 && g_trap.taken % 3 == 0)) {
      g_trap.cache->Give(g_trap.held[--g_trap.count]);
      ++g_trap.taken;
      return;
    }
    void* block = g_trap.cache->Take();
    if (block != nullptr) {
      memset(block, 0xee, 48);
      g_trap.held[g_trap.count++] = block;
      ++g_trap.taken;
    }
  });
  for (int i = 0; i < 200'000'000 && g_trap.taken < 300; ++i) {
    auto* one = static_cast<uint8_t*>(cache->Take());
    auto* two = static_cast<uint8_t*>(cache->Take());
    if (one != nullptr) {
      memset(one, 1, 48);
    }
    if (two != nullptr) {
      memset(two, 2, 48);
      ASSERT_EQ(two[47], 2);
      cache->Give(two);
    }
    if (one != nullptr) {
      ASSERT_EQ(one[47], 1);
      cache->Give(one);
    }
    if (i % 64 == 0) {
      cache->EvenOut();
    }
  }
  traps.reset();
  EXPECT_GT(g_trap.taken, 100u);
  while (g_trap.count > 0) {
    cache->Give(g_trap.held[--g_trap.count]);
  }
}

TEST_F(ElementCacheTest, AProbeInTheAllocatorIsServedWhileStocksAreFilled) {
  ProbedAllocator allocator;
  uint64_t served = 0;
  {
    Cache cache(kShape, allocator);
    (void)cache.Drain();
    allocator.program = [&] {
      void* block = cache->Take();
      if (block != nullptr) {
        ++served;
        cache->Give(block);
      }
    };
    cache->EvenOut();
    EXPECT_GT(served, 0u);
    for (int i = 0; i < 1000; ++i) {
      ASSERT_NE(cache.TakeAsTask(), nullptr);
    }
    const uint64_t before = Exchange(served, uint64_t{0});
    EXPECT_GT(before, 1000u);
    cache.GiveAll();
    cache->EvenOut();
    EXPECT_GT(served, 500u) << "while what has no room is freed";
    allocator.program = nullptr;
  }
}

}  // namespace
}  // namespace ebpf
