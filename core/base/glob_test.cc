// SPDX-License-Identifier: MIT
#include "core/base/glob.h"

#include <fnmatch.h>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

bool Matches(const std::string& text, const std::string& pattern) {
  return MatchesGlob(StringView(text.data(), text.size()),
                     StringView(pattern.data(), pattern.size()));
}

TEST(GlobTest, StarsAndQuestionMarksStandForOthers) {
  EXPECT_TRUE(Matches("vfs_read", "vfs_*"));
  EXPECT_TRUE(Matches("vfs_read", "*_r??d"));
  EXPECT_TRUE(Matches("", "**"));
  EXPECT_FALSE(Matches("vfs_read", "vfs_read?"));
  EXPECT_FALSE(Matches("vfs_read", "fs_read"));
  EXPECT_FALSE(Matches("a", ""));
}

TEST(GlobTest, AClassIsOneCharacterOfMany) {
  EXPECT_TRUE(Matches("abc", "a[a-c]c"));
  EXPECT_FALSE(Matches("adc", "a[a-c]c"));
  EXPECT_TRUE(Matches("adc", "a[!a-c]c"));
  EXPECT_TRUE(Matches("a]c", "a[]b]c"));
  EXPECT_TRUE(Matches("a-c", "a[b-]c"));
  EXPECT_TRUE(Matches("a^c", "a[^b]c")) << "no sign of inversion";
  EXPECT_TRUE(Matches("a\xffz", "a[\x80-\xff]z"));
}

TEST(GlobTest, AnOpenClassIsACharacter) {
  EXPECT_TRUE(Matches("a[b", "a[b"));
  EXPECT_TRUE(Matches("x[!", "*[!"));
  EXPECT_FALSE(Matches("ab", "a[b"));
}

TEST(GlobTest, BehindABackslashEachStandsForItself) {
  EXPECT_TRUE(Matches("a*c", "a\\*c"));
  EXPECT_FALSE(Matches("abc", "a\\*c"));
  EXPECT_TRUE(Matches("a\\", "a\\"));
}

TEST(GlobTest, IsAsTheHostsOnRandomTexts) {
  std::mt19937 random(11);
  const auto pick = [&](const std::string& letters, size_t length) {
    std::string text;
    for (size_t i = random() % (length + 1); i > 0; --i) {
      text += letters[random() % letters.size()];
    }
    return text;
  };
  size_t matches = 0;
  for (int i = 0; i < 300000; ++i) {
    const std::string text = pick("ab*?\\-", 7);
    std::string pattern = pick("ab*?", 3);
    for (size_t parts = random() % 3; parts > 0; --parts) {
      pattern += random() % 2 ? "[" : "[!";
      pattern += "ab"[random() % 2];
      pattern += random() % 2 ? "-b]" : "]";
      pattern += random() % 2 ? "\\*" : "";
      pattern += pick("ab*?", 3);
    }
    const bool expected = fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
    ASSERT_EQ(Matches(text, pattern), expected) << text << " " << pattern;
    matches += expected ? 1 : 0;
  }
  EXPECT_GT(matches, 3000u);
}

TEST(GlobTest, ALongPatternOfStarsEnds) {
  const std::string text(4000, 'a');
  std::string pattern;
  for (int i = 0; i < 1300; ++i) {
    pattern += "*a";
  }
  EXPECT_FALSE(Matches(text, pattern + "b"));
  EXPECT_TRUE(Matches(text, pattern));
}

bool MatchesName(const std::string& name, const std::string& pattern) {
  return MatchesWildcards(StringView(name.data(), name.size()),
                          StringView(pattern.data(), pattern.size()));
}

TEST(WildcardsTest, StarsAndQuestionMarksStandForOthers) {
  EXPECT_TRUE(MatchesName("vfs_read", "vfs_read"));
  EXPECT_TRUE(MatchesName("vfs_read", "vfs_*"));
  EXPECT_TRUE(MatchesName("vfs_read", "*read"));
  EXPECT_TRUE(MatchesName("vfs_read", "*_*"));
  EXPECT_TRUE(MatchesName("vfs_read", "vfs_r??d"));
  EXPECT_TRUE(MatchesName("vfs_read", "**vfs_read**"));
  EXPECT_TRUE(MatchesName("", "*"));
  EXPECT_TRUE(MatchesName("", ""));
  EXPECT_FALSE(MatchesName("vfs_read", "vfs_rea"));
  EXPECT_FALSE(MatchesName("vfs_read", "fs_read"));
  EXPECT_FALSE(MatchesName("vfs_read", "vfs_read?"));
  EXPECT_FALSE(MatchesName("vfs_read", "vfs_*_read"));
  EXPECT_FALSE(MatchesName("", "?"));
  EXPECT_FALSE(MatchesName("a", ""));
}

TEST(WildcardsTest, IsAsTheHostsOnRandomNames) {
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
    ASSERT_EQ(MatchesName(name, pattern), expected) << name << " " << pattern;
    matches += expected ? 1 : 0;
  }
  EXPECT_GT(matches, 1000u);
}

TEST(WildcardsTest, ALongPatternOfStarsEnds) {
  const std::string name(500, 'a');
  std::string pattern;
  for (int i = 0; i < 100; ++i) {
    pattern += "*a";
  }
  EXPECT_TRUE(MatchesName(name, pattern));
  EXPECT_FALSE(MatchesName(name, pattern + "*b"));
}

TEST(WildcardsTest, ANameIsNoPattern) {
  EXPECT_FALSE(HasWildcards("vfs_read"));
  EXPECT_TRUE(HasWildcards("vfs_*"));
  EXPECT_TRUE(HasWildcards("vfs_rea?"));
}

}  // namespace
}  // namespace ebpf
