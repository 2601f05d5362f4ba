// SPDX-License-Identifier: MIT
#include "core/tracepoints/raw_page.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

/// A record as a ring has it.
class Record {
 public:
  Record(uint64_t time, const std::string& payload)
      : words_(sizeof(TraceRecord) / 8 + (payload.size() + 7) / 8) {
    get().size = static_cast<uint32_t>(words_.size() * 8);
    get().payload_size = static_cast<uint32_t>(payload.size());
    get().time = time;
    memcpy(get().payload(), payload.data(), payload.size());
  }
  TraceRecord& get() { return *reinterpret_cast<TraceRecord*>(words_.data()); }

 private:
  std::vector<uint64_t> words_;
};

class RawTracePageTest : public testing::Test {
 protected:
  bool Add(uint64_t time, const std::string& payload, uint64_t lost = 0) {
    return page_.Add(Record(time, payload).get(), lost);
  }
  uint64_t Long(size_t at) {
    uint64_t value;
    memcpy(&value, page_.Finish().data() + at, sizeof(value));
    return value;
  }
  uint32_t Word(size_t at) { return static_cast<uint32_t>(Long(at)); }
  std::string Text(size_t at, size_t size) {
    return std::string(
        reinterpret_cast<const char*>(page_.Finish().data()) + at, size);
  }

  RawTracePage page_;
};

TEST_F(RawTracePageTest, BeginsWithTheFirstRecordsTime) {
  EXPECT_TRUE(page_.empty());
  EXPECT_TRUE(Add(1000, "12345678"));
  EXPECT_FALSE(page_.empty());
  EXPECT_EQ(Long(0), 1000u);
  EXPECT_EQ(Long(8), 12u);
  EXPECT_EQ(Word(16), 2u);  // words, no time
  EXPECT_EQ(Text(20, 8), "12345678");
  EXPECT_EQ(page_.Finish().size(), 4096u);
}

TEST_F(RawTracePageTest, ShortRecordsHaveTheirSizeInTheirHeader) {
  EXPECT_TRUE(Add(1000, std::string(109, 'a')));  // as long as 112
  EXPECT_TRUE(Add(1007, std::string(113, 'b')));
  EXPECT_EQ(Word(16), 28u);
  EXPECT_EQ(Text(20, 113),
            std::string(109, 'a') + std::string(3, '\0') + Text(132, 1));
  EXPECT_EQ(Word(132), 7u << 5);
  EXPECT_EQ(Word(136), 120u);  // with this
  EXPECT_EQ(Text(140, 117), std::string(113, 'b') + std::string(4, '\0'));
  EXPECT_EQ(Long(8), 4u + 112 + 8 + 116);
}

TEST_F(RawTracePageTest, MoreTimeHasAnEntryOfItsOwn) {
  EXPECT_TRUE(Add(5, "aaaa"));
  EXPECT_TRUE(Add(5 + (1 << 27) - 1, "bbbb"));
  EXPECT_TRUE(Add(5 + (1 << 27) - 1 + (uint64_t{3} << 27) + 9, "cccc"));
  EXPECT_EQ(Word(24), 1u | 0xffffffe0);
  EXPECT_EQ(Word(32), 30u | 9u << 5);
  EXPECT_EQ(Word(36), 3u);
  EXPECT_EQ(Word(40), 1u);
  EXPECT_EQ(Text(44, 4), "cccc");
  EXPECT_EQ(Long(8), 32u);
}

TEST_F(RawTracePageTest, TimeThatGoesBackOrTooFarNeedsAnotherPage) {
  EXPECT_TRUE(Add(uint64_t{1} << 60, "aaaa"));
  EXPECT_FALSE(Add((uint64_t{1} << 60) - 1, "bbbb"));
  EXPECT_FALSE(Add((uint64_t{1} << 60) + (uint64_t{1} << 59), "bbbb"));
  EXPECT_TRUE(Add((uint64_t{1} << 60) + (uint64_t{1} << 59) - 1, "bbbb"));
  EXPECT_EQ(Long(8), 8u + 16);
}

TEST_F(RawTracePageTest, WhatWasLostIsBeforeThePage) {
  EXPECT_TRUE(Add(1, "aaaa", 5));
  EXPECT_TRUE(Add(2, "bbbb"));
  EXPECT_FALSE(Add(3, "cccc", 1));
  EXPECT_EQ(Long(8), 0xffffffffc0000010u);
  EXPECT_EQ(Long(16 + 16), 5u);
  page_.Clear();
  EXPECT_TRUE(page_.empty());
  EXPECT_TRUE(Add(3, "cccc"));
  EXPECT_EQ(Long(8), 8u);
  EXPECT_EQ(Text(24, 4072), std::string(4072, '\0'));
}

TEST_F(RawTracePageTest, WhatWasLostMayFindNoPlaceForItsCount) {
  EXPECT_TRUE(Add(1, std::string(2000, 'a'), 5));
  EXPECT_TRUE(Add(1, std::string(2060, 'b')));
  EXPECT_EQ(Long(8), 0xffffffff80000000u + 4076);
  page_.Clear();
  EXPECT_TRUE(Add(1, std::string(2000, 'a'), 5));
  EXPECT_TRUE(Add(1, std::string(2044, 'b')));
  EXPECT_EQ(Long(8), 0xffffffffc0000000u + 4060);
}

TEST_F(RawTracePageTest, IsFilledToItsEnd) {
  EXPECT_TRUE(Add(1, std::string(TraceRing::max_payload_size(), 'a')));
  const size_t left = RawTracePage::kDataSize - Long(8);
  EXPECT_FALSE(Add(1, std::string(left - 4 + 1, 'b')));
  EXPECT_TRUE(Add(1, std::string(left - 4, 'b')));
  EXPECT_EQ(Long(8), RawTracePage::kDataSize);
  EXPECT_FALSE(Add(1, "a"));
}

}  // namespace
}  // namespace ebpf
