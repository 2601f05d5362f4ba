// SPDX-License-Identifier: MIT
#include "core/base/lowest.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(LowestTest, KeepsTheLowestInOrderHoweverManyComeInWhateverOrder) {
  std::mt19937 random(1);
  for (size_t places : {0, 1, 2, 3, 7, 64}) {
    for (size_t count : {0, 1, 2, 5, 64, 65, 1000}) {
      std::vector<uint32_t> items(count);
      for (uint32_t& item : items) {
        item = random() % 500;
      }
      std::vector<uint32_t> kept(places, 77);
      Lowest<uint32_t> lowest({kept.data(), kept.size()});
      for (uint32_t item : items) {
        if (lowest.Wants(item)) {
          lowest.Offer(item);
        }
      }
      kept.resize(lowest.Sort());
      std::sort(items.begin(), items.end());
      items.resize(std::min(places, count));
      EXPECT_EQ(kept, items);
    }
  }
}

TEST(LowestTest, WantsWhatIsLowerThanTheHighestItHas) {
  uint32_t places[2];
  Lowest<uint32_t> lowest({places, 2});
  lowest.Offer(5);
  EXPECT_TRUE(lowest.Wants(9));
  lowest.Offer(9);
  EXPECT_FALSE(lowest.Wants(9));
  EXPECT_TRUE(lowest.Wants(8));
  lowest.Offer(8);
  EXPECT_FALSE(lowest.Wants(8));
}

}  // namespace
}  // namespace ebpf
