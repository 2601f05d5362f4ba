// SPDX-License-Identifier: MIT
//
// Against std::string_view.
#include "core/base/string_view.h"

#include <algorithm>
#include <string_view>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

const char* const kTexts[] = {"", "a", "ab", "abc", "b", "kprobe/vfs_read"};

TEST(StringViewTest, IsAStdStringView) {
  for (const char* text : kTexts) {
    const StringView ours(text);
    const std::string_view theirs(text);
    EXPECT_EQ(ours.size(), theirs.size());
    EXPECT_EQ(ours.empty(), theirs.empty());
    EXPECT_EQ(std::string_view(ours.begin(), ours.size()), theirs);
    EXPECT_EQ(ours.Find('/'), std::min(theirs.find('/'), theirs.size()));
    for (const char* other : kTexts) {
      EXPECT_EQ(ours == other, theirs == other) << text << " " << other;
      EXPECT_EQ(ours.StartsWith(other), theirs.starts_with(other));
      EXPECT_EQ(ours.EndsWith(other), theirs.ends_with(other));
      EXPECT_EQ(ours.Contains(other),
                theirs.find(other) != std::string_view::npos);
    }
    for (size_t i = 0; i <= theirs.size(); ++i) {
      const StringView rest = ours.Substring(i);
      EXPECT_EQ(std::string_view(rest.data(), rest.size()), theirs.substr(i));
      const StringView first = ours.First(i);
      EXPECT_EQ(std::string_view(first.data(), first.size()),
                theirs.substr(0, i));
    }
  }
}

TEST(StringViewTest, AFieldEndsAtItsFirstZeroOrItsEnd) {
  EXPECT_TRUE(StringView::FromField("ab\0cd", 5) == "ab");
  EXPECT_TRUE(StringView::FromField("abcde", 5) == "abcde");
  EXPECT_TRUE(StringView::FromField("\0bcde", 5) == "");
  EXPECT_TRUE(StringView::FromField("abcde", 0) == "");
}

TEST(StringViewTest, ZeroesInsideAreCharacters) {
  const StringView text("a\0b", 3);
  EXPECT_EQ(text.size(), 3u);
  EXPECT_FALSE(text == "a");
  EXPECT_EQ(text.Find('b'), 2u);
  EXPECT_EQ(BytesOf(text).size(), 3u);
}

TEST(StringViewTest, OneOfAListIsEqualToIt) {
  constexpr const char* kList[] = {"map", "maps", ""};
  EXPECT_TRUE(IsOneOf("maps", kList));
  EXPECT_TRUE(IsOneOf(StringView("mapsize", 3), kList));
  EXPECT_TRUE(IsOneOf("", kList));
  EXPECT_FALSE(IsOneOf("ma", kList));
  EXPECT_FALSE(IsOneOf("mapss", kList));
}

}  // namespace
}  // namespace ebpf
