// SPDX-License-Identifier: MIT
#include "core/verifier/path_history.h"

#include <memory>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf::verifier {
namespace {

/// The instructions on the way back from `at`, newest first.
std::vector<uint32_t> Back(const PathHistory& path, uint32_t at,
                           uint32_t begin = 0, uint32_t second_slot = 999) {
  PathReader reader(path, begin, at);
  std::vector<uint32_t> way;
  while (way.size() < 100'000 &&
         reader.Back([&](uint32_t index) { return index == second_slot; })) {
    way.push_back(reader.index());
    EXPECT_EQ(reader.distance(), way.size());
  }
  return way;
}

TEST(PathHistoryTest, WithoutJumpsThePathIsALine) {
  PathHistory path;
  EXPECT_EQ(Back(path, 3), (std::vector<uint32_t>{2, 1, 0}));
  EXPECT_EQ(Back(path, 7, 5), (std::vector<uint32_t>{6, 5}));
  EXPECT_EQ(Back(path, 4, 0, 3), (std::vector<uint32_t>{2, 1, 0}));
}

TEST(PathHistoryTest, JumpsAreGoneBackInTheirOrder) {
  PathHistory path;
  path.Add(2, 5);
  path.Add(6, 1);
  path.Add(2, 8);
  EXPECT_EQ(Back(path, 9), (std::vector<uint32_t>{8, 2, 1, 6, 5, 2, 1, 0}));
}

TEST(PathHistoryTest, APathIsCutBackToABranch) {
  PathHistory path;
  path.Add(1, 3);
  path.Add(4, 9);
  path.ReturnTo(1);
  path.Add(4, 7);
  EXPECT_EQ(path.length(), 2u);
  EXPECT_EQ(Back(path, 7), (std::vector<uint32_t>{4, 3, 1, 0}));
  path.ReturnTo(5);
  EXPECT_EQ(path.length(), 2u);
}

TEST(PathHistoryTest, OldStepsAreForgottenAndNotMadeUp) {
  const auto path = std::make_unique<PathHistory>();
  constexpr uint32_t kRounds = PathHistory::kCapacity + 10;
  for (uint32_t i = 0; i < kRounds; ++i) {
    path->Add(5, 5);
  }
  EXPECT_EQ(path->first(), 10u);
  EXPECT_EQ(Back(*path, 5).size(), PathHistory::kCapacity);
  path->ReturnTo(8);  // further back than is known
  path->Add(6, 2);
  EXPECT_EQ(Back(*path, 2), (std::vector<uint32_t>{6}));
  path->Clear();
  EXPECT_EQ(Back(*path, 1), (std::vector<uint32_t>{0}));
}

TEST(PathHistoryTest, TheReaderKnowsWhatFollowed) {
  PathHistory path;
  path.Add(1, 4);
  PathReader reader(path, 0, 4);
  ASSERT_TRUE(reader.Back([](uint32_t) { return false; }));
  EXPECT_EQ(reader.index(), 1u);
  EXPECT_EQ(reader.next(), 4u);
}

}  // namespace
}  // namespace ebpf::verifier
