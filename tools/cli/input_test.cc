// SPDX-License-Identifier: MIT
#include "tools/cli/input.h"

#include <cstdio>
#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "tools/cli/failure.h"

namespace ebpf::cli {
namespace {

std::string FailureOf(std::string_view text) {
  try {
    ParseHex(text, "input");
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "";
}

TEST(InputTest, ParsesDigitsOfBothCases) {
  EXPECT_EQ(ParseHex("00fFA9", "input"),
            (std::vector<uint8_t>{0x00, 0xff, 0xa9}));
}

TEST(InputTest, SkipsWhiteSpaceAnywhere) {
  EXPECT_EQ(ParseHex("\n1 2\t3\r\n4 ", "input"),
            (std::vector<uint8_t>{0x12, 0x34}));
  EXPECT_TRUE(ParseHex("", "input").empty());
  EXPECT_TRUE(ParseHex(" \n", "input").empty());
}

TEST(InputTest, NamesWhatIsNoDigitAndWhere) {
  EXPECT_EQ(FailureOf("12 3g"),
            "input: 'g' at position 5 is no hexadecimal digit");
  EXPECT_EQ(FailureOf("\x80"),
            "input: byte 0x80 at position 1 is no hexadecimal digit");
  EXPECT_EQ(FailureOf("0x"),
            "input: 'x' at position 2 is no hexadecimal digit");
}

TEST(InputTest, RefusesHalfAByte) {
  EXPECT_EQ(FailureOf("123"), "input: an odd number of hexadecimal digits");
}

TEST(InputTest, ReadsAFileWhole) {
  const std::string path = testing::TempDir() + "/input_test";
  const std::string contents =
      std::string("a\0b", 3) + std::string(200000, 'c');
  std::ofstream(path, std::ios::binary) << contents;

  EXPECT_EQ(ReadFile(path), contents);
  std::remove(path.c_str());
}

TEST(InputTest, SaysWhichFileCannotBeRead) {
  try {
    ReadFile("no/such/file");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_STREQ(failure.what(), "no/such/file: No such file or directory");
  }
}

TEST(InputTest, RefusesAFileWithoutEnd) {
  EXPECT_THROW(ReadFile("/dev/zero"), Failure);
}

}  // namespace
}  // namespace ebpf::cli
