// SPDX-License-Identifier: MIT
//
// Against printf.
#include "core/base/text_writer.h"

#include <cstdio>
#include <string>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

template <typename F>
std::string Written(F write) {
  char buffer[64];
  TextWriter writer(buffer, sizeof(buffer));
  write(writer);
  return std::string(writer.text().data(), writer.text().size());
}

template <typename... Args>
std::string Printed(const char* format, Args... args) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), format, args...);
  return buffer;
}

TEST(TextWriterTest, WritesNumbersAsPrintfDoes) {
  for (const uint64_t value :
       {uint64_t{0}, uint64_t{9}, uint64_t{10}, uint64_t{0xdeadbeef},
        uint64_t{1} << 63, UINT64_MAX}) {
    EXPECT_EQ(Written([=](TextWriter& w) { w.PutUnsigned(value); }),
              Printed("%llu", static_cast<unsigned long long>(value)));
    EXPECT_EQ(Written([=](TextWriter& w) { w.PutSigned(int64_t(value)); }),
              Printed("%lld", static_cast<long long>(value)));
    EXPECT_EQ(Written([=](TextWriter& w) { w.PutHex(value); }),
              Printed("%llx", static_cast<unsigned long long>(value)));
    for (const int width : {1, 2, 8, 16, 20}) {
      EXPECT_EQ(
          Written([=](TextWriter& w) { w.PutHex(value, unsigned(width)); }),
          Printed("%0*llx", width, static_cast<unsigned long long>(value)));
    }
  }
}

TEST(TextWriterTest, NeverWritesPastItsBufferButCountsWhatItWanted) {
  char buffer[8] = "#######";
  TextWriter writer(buffer, 4);
  writer.Put("abc").PutUnsigned(12345);
  EXPECT_TRUE(writer.text() == "abc1");
  EXPECT_EQ(writer.wanted(), 8u);
  EXPECT_TRUE(writer.truncated());
  EXPECT_EQ(buffer[4], '#');
  writer.Clear();
  EXPECT_TRUE(writer.text().empty());
  EXPECT_FALSE(writer.truncated());
}

TEST(TextWriterTest, WithoutABufferItOnlyCounts) {
  TextWriter writer;
  writer.Put("hello").Put('!');
  EXPECT_EQ(writer.wanted(), 6u);
  EXPECT_TRUE(writer.text().empty());
}

}  // namespace
}  // namespace ebpf
