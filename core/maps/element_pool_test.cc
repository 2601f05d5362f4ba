// SPDX-License-Identifier: MIT
#include "core/maps/element_pool.h"

#include <atomic>
#include <set>

#include "core/maps/map_test_util.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

class ElementPoolTest : public MapTest {
 protected:
  ElementPoolTest() : pool_(PortAllocator()) {}

  ElementPool pool_;
};

TEST_F(ElementPoolTest, GivesEachElementOnceAndThenNone) {
  constexpr uint32_t kCount = 10'000;  // several chunks
  constexpr size_t kSize = 40;
  ASSERT_EQ(pool_.Init(kCount, kSize), Status::kOk);
  std::set<PoolElement*> elements;
  std::set<uint32_t> numbers;
  while (PoolElement* element = pool_.Take()) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(element) % 8, 0u);
    EXPECT_TRUE(elements.insert(element).second);
    EXPECT_TRUE(numbers.insert(element->number).second);
    memset(reinterpret_cast<uint8_t*>(element) + sizeof(PoolElement), 0xff,
           kSize - sizeof(PoolElement));
  }
  EXPECT_EQ(elements.size(), kCount);
  EXPECT_EQ(*numbers.rbegin(), kCount - 1);
  for (PoolElement* element : elements) {
    pool_.Give(element);
  }
  EXPECT_NE(pool_.Take(), nullptr);
}

TEST_F(ElementPoolTest, AnElementLargerThanAChunkHasOneOfItsOwn) {
  ASSERT_EQ(pool_.Init(3, 200'000), Status::kOk);
  for (int i = 0; i < 3; ++i) {
    PoolElement* element = pool_.Take();
    ASSERT_NE(element, nullptr);
    memset(reinterpret_cast<uint8_t*>(element) + sizeof(PoolElement), 0xff,
           200'000 - sizeof(PoolElement));
  }
  EXPECT_EQ(pool_.Take(), nullptr);
}

TEST_F(ElementPoolTest, ElementsAreZeroAtFirst) {
  ASSERT_EQ(pool_.Init(100, 64), Status::kOk);
  while (PoolElement* element = pool_.Take()) {
    EXPECT_TRUE(AllZero(
        ConstBytes(reinterpret_cast<uint8_t*>(element) + sizeof(PoolElement),
                   64 - sizeof(PoolElement))));
  }
}

TEST_F(ElementPoolTest, ACpuTakesFromTheOthersWhenItsListIsEmpty) {
  ASSERT_EQ(pool_.Init(16, 16), Status::kOk);
  std::set<PoolElement*> elements;
  {
    const HostCpu cpu(5);
    for (int i = 0; i < 16; ++i) {
      elements.insert(pool_.Take());
    }
    EXPECT_EQ(pool_.Take(), nullptr);
    pool_.Give(*elements.begin());
  }
  EXPECT_EQ(pool_.Take(), *elements.begin());
}

TEST_F(ElementPoolTest, TheElementGivenLastIsTakenFirst) {
  ASSERT_EQ(pool_.Init(64, 16), Status::kOk);
  PoolElement* element = pool_.Take();
  pool_.Give(element);
  EXPECT_EQ(pool_.Take(), element);
}

TEST_F(ElementPoolTest, MoreElementsThanNumbersAreRefused) {
  EXPECT_EQ(pool_.Init(UINT32_MAX, 16), Status::kNoMemory);
}

TEST_F(ElementPoolTest, ThreadsNeverHoldOneElementTwice) {
  constexpr uint32_t kCount = 24;  // few: the lists run empty all the time
  ASSERT_EQ(pool_.Init(kCount, 16), Status::kOk);
  std::vector<std::atomic<uint32_t>> holders(kCount);
  RunOnCpus(4, [&](uint32_t) {
    for (int i = 0; i < 100'000; ++i) {
      PoolElement* held[8];
      uint32_t count = 0;
      while (count < 8 && (held[count] = pool_.Take()) != nullptr) {
        ASSERT_EQ(holders[held[count]->number].fetch_add(1), 0u);
        ++count;
      }
      while (count > 0) {
        --count;
        holders[held[count]->number].fetch_sub(1);
        pool_.Give(held[count]);
      }
    }
  });
  uint32_t left = 0;
  while (pool_.Take() != nullptr) {
    ++left;
  }
  EXPECT_EQ(left, kCount);
}

TEST_F(ElementPoolTest, EachFailedAllocationLeavesNothingBehind) {
  ForEachFailingAllocation("element pool", [](FailingAllocator& allocator) {
    ElementPool pool(allocator);
    EXPECT_EQ(pool.Init(100, 10'000),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

}  // namespace
}  // namespace ebpf
