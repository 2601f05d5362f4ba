// SPDX-License-Identifier: MIT
#include "core/base/number_text.h"

#include <cerrno>
#include <cstdlib>
#include <string>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

const char* const kTexts[] = {"0",
                              "1",
                              "10",
                              "010",
                              "00",
                              "08",
                              "0x10",
                              "0XfF",
                              "0x",
                              "0xg",
                              "",
                              "a",
                              "1a",
                              "1 ",
                              "18446744073709551615",
                              "18446744073709551616",
                              "0xffffffffffffffff",
                              "0x10000000000000000",
                              "01777777777777777777777",
                              "02000000000000000000000",
                              "9223372036854775807",
                              "9223372036854775808",
                              "9223372036854775809",
                              "99999999999999999999999"};

/// Whether the whole text is a number to the C library.
template <typename T>
bool Reference(const std::string& text, T (*function)(const char*, char**, int),
               T* number) {
  char* end = nullptr;
  errno = 0;
  *number = function(text.c_str(), &end, 0);
  return errno == 0 && !text.empty() && *end == '\0';
}

TEST(NumberTextTest, UnsignedOnesAreStrtoulls) {
  for (const char* text : kTexts) {
    unsigned long long expected = 0;
    const bool is_number =
        Reference<unsigned long long>(text, strtoull, &expected);
    uint64_t number = 77;
    EXPECT_EQ(ParseUnsigned(text, &number), is_number) << text;
    EXPECT_EQ(number, is_number ? expected : 77u) << text;
  }
}

TEST(NumberTextTest, SignedOnesAreStrtolls) {
  for (const char* text : kTexts) {
    for (const char* sign : {"", "-", "+", "--", "+-"}) {
      const std::string all = std::string(sign) + text;
      long long expected = 0;
      const bool is_number = Reference<long long>(all, strtoll, &expected);
      int64_t number = 77;
      EXPECT_EQ(ParseSigned({all.data(), all.size()}, &number), is_number)
          << all;
      EXPECT_EQ(number, is_number ? expected : 77) << all;
    }
  }
}

TEST(NumberTextTest, AnUnsignedOneHasNoSignAndNoBlanks) {
  for (const char* text : {"-1", "+1", " 1"}) {
    uint64_t number;
    EXPECT_FALSE(ParseUnsigned(text, &number)) << text;
  }
}

}  // namespace
}  // namespace ebpf
