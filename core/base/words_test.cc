// SPDX-License-Identifier: MIT
#include "core/base/words.h"

#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

StringView ViewOf(const std::string& text) {
  return StringView(text.data(), text.size());
}

std::string StringOf(StringView text) {
  return std::string(text.data(), text.size());
}

const std::vector<std::string> kTexts = {
    "",           " ",    "a",       " a ", "a b",         "  a\t\nb  ",
    "one two\v3", "\r\n", "a  b\fc", "x ",  "#not a word", " -1\t"};

TEST(WordsTest, AreThoseOfAStream) {
  for (const std::string& text : kTexts) {
    std::istringstream stream(text);
    StringView rest = ViewOf(text);
    std::string expected;
    while (stream >> expected) {
      EXPECT_EQ(StringOf(TakeWord(rest)), expected) << text;
    }
    EXPECT_TRUE(TakeWord(rest).empty()) << text;
    EXPECT_TRUE(rest.empty()) << text;
  }
}

TEST(WordsTest, WhatFollowsAWordIsLeft) {
  StringView rest = " first  second ";
  EXPECT_EQ(StringOf(TakeWord(rest)), "first");
  EXPECT_EQ(StringOf(rest), "  second ");
}

TEST(WordsTest, TrimLeavesBlanksInside) {
  EXPECT_EQ(StringOf(Trim(" \t a  b\n")), "a  b");
  EXPECT_EQ(StringOf(Trim("a")), "a");
  EXPECT_TRUE(Trim(" \n ").empty());
}

TEST(WordsTest, AreWrittenWithOneBlankBetweenThem) {
  char buffer[32];
  TextWriter writer(buffer, sizeof(buffer));
  EXPECT_EQ(PutWords(writer, "\tp:a   vfs_read\n%di "), 3u);
  EXPECT_EQ(StringOf(writer.text()), "p:a vfs_read %di");
}

}  // namespace
}  // namespace ebpf
