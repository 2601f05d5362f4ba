// SPDX-License-Identifier: MIT
#include "core/platform/exec_pool.h"

#include <memory>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

constexpr uint64_t kAnywhere = UINT64_MAX;
alignas(4096) uint8_t memory[ExecPool::kSize];

class ExecPoolTest : public testing::Test {
 protected:
  uintptr_t Take(size_t size, uintptr_t near = 0, uint64_t reach = kAnywhere) {
    return reinterpret_cast<uintptr_t>(pool_->Take(size, near, reach));
  }
  uintptr_t begin() const { return pool_->begin(); }

  std::unique_ptr<ExecPool> pool_ = std::make_unique<ExecPool>(memory);
};

TEST_F(ExecPoolTest, GivesOutPartsThatDoNotMeetAndTakesThemBack) {
  const uintptr_t first = Take(1);
  const uintptr_t second = Take(65);
  EXPECT_EQ(first, begin());
  EXPECT_GE(second, first + 1);
  EXPECT_TRUE(pool_->IsTaken(second, 65));
  pool_->Give(first, 1);
  EXPECT_FALSE(pool_->IsTaken(first, 1));
  EXPECT_TRUE(pool_->IsTaken(second, 65));
  EXPECT_EQ(Take(64), first);
  EXPECT_GT(Take(128), second);
}

TEST_F(ExecPoolTest, WholePagesBeginAtAPage) {
  ASSERT_NE(Take(64), 0u);
  const uintptr_t page = Take(4096);
  EXPECT_EQ(page, begin() + 4096);
  EXPECT_EQ(Take(8192), begin() + 2 * 4096);
  EXPECT_EQ(Take(4000), begin() + 64) << "what is left before them is used";
}

TEST_F(ExecPoolTest, SaysNoWhereThereIsNoRoom) {
  EXPECT_EQ(Take(ExecPool::kSize + 1), 0u);
  const uintptr_t all = Take(ExecPool::kSize);
  EXPECT_EQ(all, begin());
  EXPECT_EQ(Take(1), 0u);
  pool_->Give(all, ExecPool::kSize);
  EXPECT_EQ(Take(1), begin());
}

TEST_F(ExecPoolTest, EveryByteIsWithinReach) {
  const uintptr_t end = begin() + ExecPool::kSize;
  // The last byte is as far as it may be, and then one further.
  EXPECT_EQ(Take(128, begin(), 128), begin());
  EXPECT_EQ(Take(128, begin(), 128), 0u);
  EXPECT_EQ(Take(64, end, 129), end - 128);
  EXPECT_EQ(Take(64, end, 64), 0u);
  EXPECT_TRUE(ExecPool::IsNear(100, 10, 109, 10));
  EXPECT_FALSE(ExecPool::IsNear(100, 10, 110, 10));
  EXPECT_TRUE(ExecPool::IsNear(100, 10, 100, 10));
  EXPECT_FALSE(ExecPool::IsNear(100, 10, 99, 10));
}

TEST_F(ExecPoolTest, KnowsWhatTouchesItAndWhatIsTaken) {
  const uintptr_t end = begin() + ExecPool::kSize;
  EXPECT_FALSE(pool_->Touches(begin() - 4, 4));
  EXPECT_TRUE(pool_->Touches(begin() - 4, 5));
  EXPECT_TRUE(pool_->Touches(end - 1, 100));
  EXPECT_FALSE(pool_->Touches(end, 100));
  const uintptr_t one = Take(64);
  EXPECT_TRUE(pool_->IsTaken(one + 10, 54));
  EXPECT_FALSE(pool_->IsTaken(one + 10, 55));
  EXPECT_FALSE(pool_->IsTaken(one, 0));
  EXPECT_FALSE(pool_->IsTaken(one - 1, 2));
  EXPECT_FALSE(pool_->IsTaken(end - 1, 2));
  EXPECT_FALSE(pool_->IsTaken(end, 1));
  EXPECT_FALSE(pool_->IsTaken(one, UINT64_MAX));
}

}  // namespace
}  // namespace ebpf
