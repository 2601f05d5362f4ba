// SPDX-License-Identifier: MIT
#include "core/helpers/trace_log.h"

#include <atomic>
#include <cstring>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

/// Keeps the last line, and counts them.
class LastLine final : public TraceLines {
 public:
  LastLine() { SetTraceLines(this); }
  ~LastLine() { SetTraceLines(nullptr); }

  void Add(StringView text) override {
    text_size_ = text.size();
    memcpy(text_, text.data(), text.size());
    ++count;
  }
  /// The last one, or "".
  std::string Take() {
    return std::string(text_, std::exchange(text_size_, 0));
  }

  std::atomic<uint64_t> count{0};

 private:
  size_t text_size_ = 0;
  char text_[kMaxTraceText];
};

class TraceLogTest : public ::testing::Test {
 protected:
  TraceLogTest() : log_(PortAllocator()) {
    EXPECT_EQ(log_.Init(), Status::kOk);
  }

  LastLine lines_;
  TraceLog log_;
};

TEST_F(TraceLogTest, PrintFormatsAndTellsTheLength) {
  const uint64_t args[] = {5, 6, 7};
  EXPECT_EQ(*log_.Print(BytesOf(StringView("n=%d\0", 5)), args), 3u);
  EXPECT_EQ(lines_.Take(), "n=5");
  EXPECT_EQ(log_.Print(BytesOf(StringView("%q\0", 3)), args).status(),
            Status::kInvalid);
  EXPECT_EQ(lines_.count, 1u);
}

TEST_F(TraceLogTest, TextPastLinuxsBufferIsCut) {
  const std::string format(2000, 'f');
  EXPECT_EQ(
      *log_.Print(
          ConstBytes(reinterpret_cast<const uint8_t*>(format.c_str()), 2001),
          {}),
      2000u);
  EXPECT_EQ(lines_.Take(), std::string(1023, 'f'));
}

TEST_F(TraceLogTest, WithoutAPlaceForLinesTheyAreFormattedOnly) {
  SetTraceLines(nullptr);
  EXPECT_EQ(*log_.Print(BytesOf(StringView("x\0", 2)), {}), 1u);
  EXPECT_EQ(lines_.count, 0u);
}

/// What a trap prints while a task does.
class TrappingLines final : public TraceLines {
 public:
  explicit TrappingLines(TraceLog& log) : log_(log) { SetTraceLines(this); }
  ~TrappingLines() { SetTraceLines(nullptr); }

  void Add(StringView text) override {
    const std::string line(text.data(), text.size());
    const uint64_t args[] = {++depth_, 0, 0};
    const Result<size_t> nested =
        log_.Print(BytesOf(StringView("trap %d\0", 8)), args);
    // Three inside of each other, as in Linux, and the fourth is refused.
    EXPECT_EQ(nested.status(), depth_ < 3 ? Status::kOk : Status::kBusy);
    --depth_;
    EXPECT_EQ(std::string(text.data(), text.size()), line);
    ++lines;
  }
  int lines = 0;

 private:
  TraceLog& log_;
  uint64_t depth_ = 0;
};

TEST_F(TraceLogTest, TrapsInTheMiddleOfALineWriteLinesOfTheirOwn) {
  TrappingLines lines(log_);
  const uint64_t args[] = {4, 5, 6};
  EXPECT_TRUE(log_.Print(BytesOf(StringView("task %d%d%d!\0", 13)), args).ok());
  EXPECT_EQ(lines.lines, 3);
}

TEST(TraceLogInitTest, EachFailedAllocationLeavesNothingBehind) {
  ForEachFailingAllocation("trace log", [](FailingAllocator& allocator) {
    const Status status = InitTraceLog(allocator);
    EXPECT_EQ(status, allocator.failed() ? Status::kNoMemory : Status::kOk);
    EXPECT_EQ(GlobalTraceLog() != nullptr, IsOk(status));
    ExitTraceLog();
    EXPECT_EQ(GlobalTraceLog(), nullptr);
  });
}

}  // namespace
}  // namespace ebpf
