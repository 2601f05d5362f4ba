// SPDX-License-Identifier: MIT
#include "core/verifier/source_lines.h"

#include <string>

#include "core/verifier/test_lines.h"
#include "gtest/gtest.h"

namespace ebpf::verifier {
namespace {

std::string Text(StringView view) {
  return std::string(view.data(), view.size());
}

TEST(SourceLinesTest, ALineHoldsUntilTheNextOne) {
  TestLines lines("/home/me/src/a.bpf.c");
  lines.Add(2, 10, "  \tint x = 0;");
  lines.Add(5, 11, "return x;");
  Options options;
  lines.PutInto(options);
  EXPECT_EQ(FindLine(options, 1), nullptr);
  EXPECT_EQ(FindLine(options, 2), &options.lines[0]);
  EXPECT_EQ(FindLine(options, 4), &options.lines[0]);
  EXPECT_EQ(FindLine(options, 5), &options.lines[1]);
  EXPECT_EQ(FindLine(options, 900), &options.lines[1]);
  const SourceLine line = ReadLine(options, options.lines[0]);
  EXPECT_EQ(Text(line.text), "int x = 0;");
  EXPECT_EQ(Text(line.file), "a.bpf.c");
  EXPECT_EQ(line.number, 10u);
}

TEST(SourceLinesTest, LinesLongerThanNamesAreRead) {
  TestLines lines("a.c");
  const std::string text(3000, 'x');
  lines.Add(0, 1, text);
  Options options;
  lines.PutInto(options);
  EXPECT_EQ(Text(ReadLine(options, options.lines[0]).text), text);
}

TEST(SourceLinesTest, WhatPointsBeyondTheTextsHasNone) {
  TestLines lines("a.c");
  lines.Add(0, 1, "x");
  Options options;
  lines.PutInto(options);
  const LineInfo wild = {0, 0xffffffff, 0x7fffffff, 12 << 10};
  const SourceLine line = ReadLine(options, wild);
  EXPECT_TRUE(line.text.empty());
  EXPECT_TRUE(line.file.empty());
  EXPECT_EQ(line.number, 12u);
  options.btf = nullptr;
  EXPECT_TRUE(ReadLine(options, options.lines[0]).text.empty());
}

TEST(SourceLinesTest, TheColumnMakesNoOtherLine) {
  EXPECT_TRUE(IsSameLine({0, 1, 2, 5 << 10 | 1}, {9, 1, 2, 5 << 10 | 7}));
  EXPECT_FALSE(IsSameLine({0, 1, 2, 5 << 10}, {0, 1, 2, 6 << 10}));
  EXPECT_FALSE(IsSameLine({0, 1, 2, 5 << 10}, {0, 3, 2, 5 << 10}));
}

TEST(SourceLinesTest, WithoutLinesThereIsNone) {
  EXPECT_EQ(FindLine(Options{}, 0), nullptr);
}

}  // namespace
}  // namespace ebpf::verifier
