// SPDX-License-Identifier: MIT
#include "core/loader/name_pattern.h"

#include <fnmatch.h>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace ebpf::loader {
namespace {

bool Matches(const std::string& name, const std::string& pattern) {
  return MatchesPattern(StringView(name.data(), name.size()),
                        StringView(pattern.data(), pattern.size()));
}

TEST(NamePatternTest, StarsAndQuestionMarksStandForOthers) {
  EXPECT_TRUE(Matches("vfs_read", "vfs_read"));
  EXPECT_TRUE(Matches("vfs_read", "vfs_*"));
  EXPECT_TRUE(Matches("vfs_read", "*read"));
  EXPECT_TRUE(Matches("vfs_read", "*_*"));
  EXPECT_TRUE(Matches("vfs_read", "vfs_r??d"));
  EXPECT_TRUE(Matches("vfs_read", "**vfs_read**"));
  EXPECT_TRUE(Matches("", "*"));
  EXPECT_TRUE(Matches("", ""));
  EXPECT_FALSE(Matches("vfs_read", "vfs_rea"));
  EXPECT_FALSE(Matches("vfs_read", "fs_read"));
  EXPECT_FALSE(Matches("vfs_read", "vfs_read?"));
  EXPECT_FALSE(Matches("vfs_read", "vfs_*_read"));
  EXPECT_FALSE(Matches("", "?"));
  EXPECT_FALSE(Matches("a", ""));
}

TEST(NamePatternTest, IsAsTheHostsOnRandomNames) {
  std::mt19937 random(7);
  const auto pick = [&](const char* letters, size_t count, size_t length) {
    std::string text;
    for (size_t i = random() % (length + 1); i > 0; --i) {
      text += letters[random() % count];
    }
    return text;
  };
  size_t matches = 0;
  for (int i = 0; i < 200000; ++i) {
    const std::string name = pick("ab", 2, 8);
    const std::string pattern = pick("ab*?", 4, 6);
    const bool expected = fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
    ASSERT_EQ(Matches(name, pattern), expected) << name << " " << pattern;
    matches += expected ? 1 : 0;
  }
  EXPECT_GT(matches, 1000u);
}

TEST(NamePatternTest, ALongPatternOfStarsEnds) {
  const std::string name(500, 'a');
  std::string pattern;
  for (int i = 0; i < 100; ++i) {
    pattern += "*a";
  }
  EXPECT_TRUE(Matches(name, pattern));
  EXPECT_FALSE(Matches(name, pattern + "*b"));
}

TEST(NamePatternTest, ANameIsNoPattern) {
  EXPECT_FALSE(IsPattern("vfs_read"));
  EXPECT_TRUE(IsPattern("vfs_*"));
  EXPECT_TRUE(IsPattern("vfs_rea?"));
}

}  // namespace
}  // namespace ebpf::loader
