// SPDX-License-Identifier: MIT
//
// Against std::optional.
#include "core/base/optional.h"

#include <memory>
#include <optional>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(OptionalTest, IsAStdOptional) {
  Optional<int> ours;
  std::optional<int> theirs;
  EXPECT_EQ(ours.has_value(), theirs.has_value());
  ours = 5;
  theirs = 5;
  EXPECT_EQ(*ours, *theirs);
  EXPECT_EQ(static_cast<bool>(ours), static_cast<bool>(theirs));
  ours = kNullOptional;
  theirs = std::nullopt;
  EXPECT_EQ(ours.has_value(), theirs.has_value());
}

TEST(OptionalTest, ItsValueLivesAsLongAsInStdOptional) {
  const auto counted = std::make_shared<int>(1);
  {
    Optional<std::shared_ptr<int>> a = counted;
    EXPECT_EQ(counted.use_count(), 2);
    Optional<std::shared_ptr<int>> b = a;
    EXPECT_EQ(counted.use_count(), 3);
    Optional<std::shared_ptr<int>> c = Move(b);
    EXPECT_EQ(counted.use_count(), 3);
    c = a;
    EXPECT_EQ(counted.use_count(), 3);
    a.Reset();
    EXPECT_EQ(counted.use_count(), 2);
    a.Reset();
    Optional<std::shared_ptr<int>>& same = c;
    c = same;
    EXPECT_EQ(counted.use_count(), 2);
    EXPECT_EQ((*c).get(), counted.get());
    EXPECT_EQ(*c->get(), 1);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

}  // namespace
}  // namespace ebpf
