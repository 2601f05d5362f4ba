// SPDX-License-Identifier: MIT
#include "core/base/ascii.h"

#include <cctype>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(AsciiTest, EachCharacterIsWhatStdSaysInTheCLocale) {
  for (int code = 0; code < 256; ++code) {
    const char c = static_cast<char>(code);
    EXPECT_EQ(IsSpace(c), std::isspace(code) != 0) << code;
    EXPECT_EQ(IsPrintable(c), std::isprint(code) != 0) << code;
    EXPECT_EQ(IsDigit(c), std::isdigit(code) != 0) << code;
    EXPECT_EQ(IsLetter(c), std::isalpha(code) != 0) << code;
    EXPECT_EQ(IsPunctuation(c), std::ispunct(code) != 0) << code;
  }
}

}  // namespace
}  // namespace ebpf
