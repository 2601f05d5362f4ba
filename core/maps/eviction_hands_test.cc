// SPDX-License-Identifier: MIT
#include "core/maps/eviction_hands.h"

#include <atomic>
#include <map>
#include <memory>
#include <thread>

#include "core/maps/map_test_util.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

class EvictionHandsTest : public MapTest {
 protected:
  EvictionHandsTest() : pool_(PortAllocator()) {}

  void Init(uint32_t count, Eviction eviction) {
    ASSERT_EQ(pool_.Init(count, sizeof(PoolElement)), Status::kOk);
    ASSERT_EQ(hands_.Init(pool_, eviction, PortAllocator()), Status::kOk);
    uses_ = std::make_unique<ElementUse[]>(count);
  }
  bool Pass(uint32_t number) { return hands_.Pass(number, uses_[number]); }
  void Use(uint32_t number) { uses_[number].Mark(); }

  ElementPool pool_;
  EvictionHands hands_;
  std::unique_ptr<ElementUse[]> uses_;
};

TEST_F(EvictionHandsTest, TheCommonHandComesToEachNumberOnceInARound) {
  constexpr uint32_t kCount = 1000;
  Init(kCount, Eviction::kCommon);
  std::map<uint32_t, uint32_t> seen;
  for (uint32_t i = 0; i < 3 * kCount; ++i) {
    ++seen[hands_.Next(2)];
  }
  EXPECT_EQ(seen.size(), kCount);
  for (const auto& [number, times] : seen) {
    ASSERT_LT(number, kCount);
    EXPECT_EQ(times, 3u);
  }
}

TEST_F(EvictionHandsTest, CpusShareTheCommonHandsWay) {
  constexpr uint32_t kCount = 1000;
  Init(kCount, Eviction::kCommon);
  std::atomic<uint32_t> seen[kCount] = {};
  std::vector<std::thread> threads;
  for (uint32_t cpu = 1; cpu < 4; ++cpu) {
    threads.emplace_back([&, cpu] {
      for (int i = 0; i < 100'000; ++i) {
        ++seen[hands_.Next(cpu)];
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const std::atomic<uint32_t>& times : seen) {
    // A CPU may hold on to a piece while others go round.
    EXPECT_NEAR(times, 300, 3);
  }
}

TEST_F(EvictionHandsTest, AnOwnHandStaysInItsCpusPart) {
  Init(80, Eviction::kOwn);
  for (uint32_t cpu = 0; cpu < kCpus; ++cpu) {
    for (uint32_t i = 0; i < 30; ++i) {
      EXPECT_EQ(hands_.Next(cpu), cpu * 10 + i % 10);
    }
  }
}

TEST_F(EvictionHandsTest, WhatWasNotUsedGoes) {
  Init(16, Eviction::kCommon);
  EXPECT_TRUE(Pass(3));
  Use(3);
  EXPECT_FALSE(Pass(3));
}

TEST_F(EvictionHandsTest, WhatWasUsedStaysWhileLittleIsActive) {
  Init(16, Eviction::kCommon);
  Use(3);
  for (int round = 0; round < 10; ++round) {
    EXPECT_FALSE(Pass(3));
  }
}

TEST_F(EvictionHandsTest, ActivityWearsOffWhenMuchIsActive) {
  for (const Eviction eviction : {Eviction::kCommon, Eviction::kOwn}) {
    ElementPool pool(PortAllocator());
    EvictionHands hands;
    ASSERT_EQ(pool.Init(16 * kCpus, sizeof(PoolElement)), Status::kOk);
    ASSERT_EQ(hands.Init(pool, eviction, PortAllocator()), Status::kOk);
    const uint32_t much = eviction == Eviction::kCommon ? 16 * kCpus : 16;
    std::vector<ElementUse> uses(much);
    for (uint32_t number = 0; number < much; ++number) {
      uses[number].Mark();
      EXPECT_FALSE(hands.Pass(number, uses[number]));
    }
    for (int times = 0; times < 2; ++times) {
      uses[0].Mark();
      EXPECT_FALSE(hands.Pass(0, uses[0]));
    }
    EXPECT_TRUE(hands.Pass(1, uses[1])) << "used once";
    EXPECT_FALSE(hands.Pass(0, uses[0])) << "used often: less so";
    EXPECT_FALSE(hands.Pass(0, uses[0])) << "one more round";
    EXPECT_TRUE(hands.Pass(0, uses[0]));
  }
}

TEST_F(EvictionHandsTest, WhatEndsIsNoLongerActive) {
  constexpr uint32_t kCount = 16;
  Init(kCount, Eviction::kCommon);
  for (uint32_t number = 0; number < kCount; ++number) {
    Use(number);
    EXPECT_FALSE(Pass(number));
  }
  for (uint32_t number = 2; number < kCount; ++number) {
    hands_.End(number, uses_[number]);
    EXPECT_TRUE(Pass(number));
  }
  EXPECT_FALSE(Pass(0)) << "two of sixteen are not much";
}

TEST_F(EvictionHandsTest, WhatTakesAnothersPlaceIsAsActiveAndUsed) {
  Init(16, Eviction::kCommon);
  Use(1);
  EXPECT_FALSE(Pass(1));
  hands_.Replace(2, uses_[2], 1, uses_[1]);
  EXPECT_TRUE(Pass(1));
  EXPECT_FALSE(Pass(2)) << "used";
  EXPECT_FALSE(Pass(2)) << "active";
}

TEST_F(EvictionHandsTest, AFreshKeyJustBeforeTheHandCountsAsUsed) {
  for (const Eviction eviction : {Eviction::kCommon, Eviction::kOwn}) {
    ElementPool pool(PortAllocator());
    EvictionHands hands;
    ASSERT_EQ(pool.Init(800, sizeof(PoolElement)), Status::kOk);
    ASSERT_EQ(hands.Init(pool, eviction, PortAllocator()), Status::kOk);
    ElementUse use;
    hands.Begin(0, 1, use);
    EXPECT_TRUE(hands.Pass(1, use)) << "the hand has not moved yet";
    const uint32_t hand = hands.Next(0);
    hands.Begin(0, hand + 20, use);
    EXPECT_FALSE(hands.Pass(hand + 20, use));
    const uint32_t behind = eviction == Eviction::kCommon ? 700 : 99;
    ElementUse other;
    hands.Begin(0, behind, other);
    EXPECT_TRUE(hands.Pass(behind, other));
  }
}

}  // namespace
}  // namespace ebpf
