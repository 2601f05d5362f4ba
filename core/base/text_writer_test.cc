// SPDX-License-Identifier: MIT
//
// Against printf.
#include "core/base/text_writer.h"

#include <algorithm>
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

/// A writer of `capacity` characters beside a string that has no limit.
class TextWriterModelTest : public ::testing::Test {
 protected:
  void Compare(bool rolling, size_t capacity, unsigned seed) {
    std::string buffer(capacity + 1, '!');
    TextWriter writer(buffer.data(), capacity);
    if (rolling) {
      writer.Roll();
    }
    std::string all;
    size_t lost = 0;  // characters that gave way, of a rolling text
    for (unsigned step = 0; step < 60; ++step) {
      seed = seed * 1103515245 + 12345;
      const unsigned choice = seed >> 16;
      if (choice % 4 == 0) {
        const size_t to = choice / 4 % (all.size() + 2);
        writer.TruncateTo(to);
        all.resize(std::min(all.size(), to));
        lost = std::min(lost, all.size());
      } else {
        const char c = static_cast<char>('a' + choice % 26);
        writer.Put(c);
        all += c;
        if (rolling && all.size() - lost > capacity) {
          ++lost;
        }
      }
      EXPECT_EQ(writer.wanted(), all.size());
    }
    writer.StopRolling();
    const std::string text(writer.text().data(), writer.text().size());
    EXPECT_EQ(text, rolling ? all.substr(lost) : all.substr(0, capacity));
    EXPECT_EQ(writer.truncated(), lost != 0 || all.size() - lost > capacity);
    EXPECT_EQ(buffer.back(), '!');
  }
};

TEST_F(TextWriterModelTest, KeepsTheBeginning) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    Compare(false, seed % 41, seed);
  }
}

TEST_F(TextWriterModelTest, RollingKeepsTheEnd) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    Compare(true, seed % 41, seed);
  }
}

}  // namespace
}  // namespace ebpf
