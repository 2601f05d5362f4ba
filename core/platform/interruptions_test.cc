// SPDX-License-Identifier: MIT
#include "core/platform/interruptions.h"

#include <memory>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

class InterruptionsTest : public testing::Test {
 protected:
  std::multiset<uintptr_t> List() {
    std::multiset<uintptr_t> pcs;
    EXPECT_TRUE(all_->List(
        [](void* to, uintptr_t pc) {
          static_cast<std::multiset<uintptr_t>*>(to)->insert(pc);
        },
        &pcs));
    return pcs;
  }
  bool CanList() {
    return all_->List([](void*, uintptr_t) {}, nullptr);
  }

  std::unique_ptr<Interruptions> all_ = std::make_unique<Interruptions>();
  int frames_[2] = {};
};

TEST_F(InterruptionsTest, AKernelThatNeverToldIsNotBelieved) {
  EXPECT_FALSE(all_->KnowsAll());
  EXPECT_FALSE(CanList());
  all_->End(all_->Begin(&frames_[0], 100));
  EXPECT_TRUE(all_->KnowsAll());
  EXPECT_TRUE(List().empty());
}

TEST_F(InterruptionsTest, ListsThoseThatGoOn) {
  const size_t outer = all_->Begin(&frames_[0], 100);
  const size_t inner = all_->Begin(&frames_[1], 100);
  EXPECT_NE(outer, Interruptions::kNone);
  EXPECT_NE(outer, inner);
  EXPECT_EQ(List(), (std::multiset<uintptr_t>{100, 100}));
  all_->End(inner);
  EXPECT_EQ(List(), (std::multiset<uintptr_t>{100}));
  all_->End(Interruptions::kNone);
  EXPECT_EQ(List().size(), 1u);
  all_->End(outer);
  EXPECT_TRUE(List().empty());
}

TEST_F(InterruptionsTest, OneMayEndOnAnotherCpu) {
  const size_t one = all_->Begin(&frames_[0], 100);
  std::thread([&] {
    const HostCpu cpu(1);
    const size_t other = all_->Begin(&frames_[1], 200);
    all_->End(one);
    EXPECT_EQ(List(), (std::multiset<uintptr_t>{200}));
    all_->End(other);
  }).join();
  EXPECT_TRUE(List().empty());
}

TEST_F(InterruptionsTest, KnowsNothingWhileTheTableIsFull) {
  std::vector<size_t> going_on;
  for (size_t i = 0; i < Interruptions::kPlaces; ++i) {
    going_on.push_back(all_->Begin(&frames_[0], 100 + i));
  }
  EXPECT_EQ(List().size(), Interruptions::kPlaces);
  const size_t one_more = all_->Begin(&frames_[1], 99);
  EXPECT_FALSE(all_->KnowsAll());
  EXPECT_FALSE(CanList());
  all_->End(going_on.back());
  EXPECT_FALSE(all_->KnowsAll()) << "that one has still no place";
  all_->End(one_more);
  EXPECT_TRUE(all_->KnowsAll());
  EXPECT_EQ(List().size(), Interruptions::kPlaces - 1);
}

TEST_F(InterruptionsTest, AnInterruptOfWhichItWasNotToldEndsBelief) {
  all_->Begin(&frames_[0], 100);
  all_->Check(&frames_[0]);
  EXPECT_TRUE(all_->KnowsAll());
  all_->Check(&frames_[1]);
  EXPECT_FALSE(all_->KnowsAll());
  all_->Begin(&frames_[1], 100);
  all_->Check(&frames_[1]);
  EXPECT_FALSE(all_->KnowsAll()) << "for good";
}

TEST_F(InterruptionsTest, AnEndedOneIsNotTakenForTheNextAtItsAddress) {
  all_->End(all_->Begin(&frames_[0], 100));
  all_->Check(&frames_[0]);
  EXPECT_FALSE(all_->KnowsAll());
}

TEST_F(InterruptionsTest, NoPlaceIsLostWhoeverTakesThem) {
  std::vector<std::thread> threads;
  for (uint32_t number = 1; number <= 3; ++number) {
    threads.emplace_back([this, number] {
      const HostCpu cpu(number);
      std::mt19937 random(number);
      std::vector<size_t> mine;
      for (int i = 0; i < 20'000; ++i) {
        if (mine.size() < 30 && random() % 2 == 0) {
          mine.push_back(all_->Begin(&mine, number));
        } else if (!mine.empty()) {
          all_->End(mine.back());
          mine.pop_back();
        }
      }
      while (mine.size() > number) {
        all_->End(mine.back());
        mine.pop_back();
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::multiset<uintptr_t> pcs = List();
  for (uintptr_t number = 1; number <= 3; ++number) {
    EXPECT_LE(pcs.count(number), number);
  }
}

}  // namespace
}  // namespace ebpf
