// SPDX-License-Identifier: MIT
#include "core/tracepoints/consumer_lists.h"

#include <vector>

#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

struct Number {
  int value;
};
struct Text {
  const char* value;
};
struct Neither : Number, Text {};
constinit Neither neither = {};

using Lists = ConsumerLists<Number, Text, &neither>;

class ConsumerListsTest : public testing::Test {
 protected:
  ~ConsumerListsTest() override { Put(nullptr); }

  void Put(Lists* lists) {
    if (lists_ != nullptr) {
      lists_->Free(PortAllocator());
    }
    lists_ = lists;
  }
  void Add(Number* number, Text* text) {
    Put(Lists::WithMore(lists_, {&number, number != nullptr},
                        {&text, text != nullptr}, PortAllocator()));
  }
  std::vector<Number*> Numbers() {
    std::vector<Number*> found;
    auto* list = lists_->firsts();
    for (; Number* const one = list->Load(kRelaxed); ++list) {
      found.push_back(one);
    }
    EXPECT_EQ(Lists::BehindFirsts(list), lists_->seconds());
    return found;
  }
  std::vector<Text*> Texts() {
    std::vector<Text*> found;
    auto* list = lists_->seconds();
    for (; Text* const one = list->Load(kRelaxed); ++list) {
      found.push_back(one);
    }
    return found;
  }

  Lists* lists_ = nullptr;
  Number one_, two_;
  Text a_, b_;
};

TEST_F(ConsumerListsTest, EachIsBehindThoseThatWereThereBefore) {
  Add(&one_, nullptr);
  Add(nullptr, &a_);
  Add(&two_, &b_);
  EXPECT_EQ(Numbers(), (std::vector<Number*>{&one_, &two_}));
  EXPECT_EQ(Texts(), (std::vector<Text*>{&a_, &b_}));
}

TEST_F(ConsumerListsTest, NobodyIsInThePlaceOfWhoWentUntilAnotherComes) {
  Add(&one_, &a_);
  Add(&two_, &b_);
  EXPECT_TRUE(lists_->TakeFirstOut(one_));
  EXPECT_FALSE(lists_->TakeFirstOut(one_));
  EXPECT_TRUE(lists_->TakeSecondOut(b_));
  EXPECT_EQ(Numbers(), (std::vector<Number*>{&neither, &two_}));
  EXPECT_EQ(Texts(), (std::vector<Text*>{&a_, &neither}));
  EXPECT_FALSE(lists_->is_nobody());
  Add(&one_, nullptr);
  EXPECT_EQ(Numbers(), (std::vector<Number*>{&two_, &one_}));
  EXPECT_EQ(Texts(), (std::vector<Text*>{&a_}));
}

TEST_F(ConsumerListsTest, WhoIsThereTwiceGoesOnce) {
  Add(&one_, nullptr);
  Add(&one_, nullptr);
  EXPECT_TRUE(lists_->TakeFirstOut(one_));
  EXPECT_EQ(Numbers(), (std::vector<Number*>{&neither, &one_}));
  EXPECT_TRUE(lists_->TakeFirstOut(one_));
  EXPECT_TRUE(lists_->is_nobody());
}

TEST_F(ConsumerListsTest, TheySayWhetherOneOfTheSecondIsAllThereIs) {
  Add(nullptr, &a_);
  EXPECT_TRUE(lists_->is_one_second());
  Add(nullptr, &b_);
  EXPECT_FALSE(lists_->is_one_second());
  EXPECT_TRUE(lists_->TakeSecondOut(a_));
  Add(&one_, nullptr);
  EXPECT_FALSE(lists_->is_one_second());
}

TEST_F(ConsumerListsTest, WithoutMemoryThereIsNoneMore) {
  Add(&one_, nullptr);
  ForEachFailingAllocation("lists", [this](FailingAllocator& allocator) {
    Number* const two = &two_;
    Lists* const made = Lists::WithMore(lists_, {&two, 1}, {}, allocator);
    EXPECT_EQ(made == nullptr, allocator.failed());
    if (made != nullptr) {
      made->Free(allocator);
    }
  });
  EXPECT_EQ(Numbers(), (std::vector<Number*>{&one_}));
}

}  // namespace
}  // namespace ebpf
