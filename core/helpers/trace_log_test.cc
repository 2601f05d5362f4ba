// SPDX-License-Identifier: MIT
#include "core/helpers/trace_log.h"

#include <atomic>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/platform/cpu.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_clock.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_signal_traps.h"
#include "testing/host_port/host_task.h"

namespace ebpf {
namespace {

class TraceLogTest : public ::testing::Test {
 protected:
  TraceLogTest() : log_(PortAllocator()) {
    EXPECT_EQ(log_.Init(4096), Status::kOk);
  }
  ~TraceLogTest() override {
    ResumeHostTime();
    SetHostTask(1, 1, "host");
  }

  /// The next line, or "".
  std::string Line() {
    char line[kMaxTraceLine];
    const Result<size_t> size = log_.ReadLine(line);
    if (!size.ok()) {
      EXPECT_EQ(size.status(), Status::kTryAgain);
      return "";
    }
    return std::string(line, *size);
  }

  TraceLog log_;
};

TEST_F(TraceLogTest, LinesLookAsInLinuxsTracePipe) {
  SetHostTime(12'345'678'912'345);
  SetHostTask(77, 42, "cat");
  const HostCpu cpu(3);
  log_.Append("hello");
  EXPECT_EQ(Line(),
            "             cat-77      [003] ..... 12345.678912: "
            "bpf_trace_printk: hello\n");
  EXPECT_EQ(Line(), "");
}

TEST_F(TraceLogTest, ATaskWithoutANameHasItsNumber) {
  SetHostTime(1'000);
  SetHostTask(1234567890, 1, nullptr);
  log_.Append("");
  EXPECT_EQ(Line(),
            " task-1234567890-1234567890 [000] .....     0.000001: "
            "bpf_trace_printk: \n");
}

TEST_F(TraceLogTest, LinesOfAllCpusComeInTheOrderOfTime) {
  for (int i = 0; i < 30; ++i) {
    const HostCpu cpu(i * 7 % 4);
    SetHostTime(1000 + i);
    log_.Append(std::to_string(i).c_str());
  }
  for (int i = 0; i < 30; ++i) {
    const std::string line = Line();
    EXPECT_NE(line.find("printk: " + std::to_string(i) + "\n"),
              std::string::npos)
        << line;
  }
}

TEST_F(TraceLogTest, TellsHowManyLinesDidNotFit) {
  const std::string text(100, 'x');
  for (int i = 0; i < 60; ++i) {
    log_.Append(text.c_str());
  }
  const std::string lost = Line();
  int lines = 0;
  while (!Line().empty()) {
    ++lines;
  }
  EXPECT_EQ(lost, "CPU:0 [LOST " + std::to_string(60 - lines) + " EVENTS]\n");
  EXPECT_GT(lines, 10);
  log_.Append("goes on");
  EXPECT_NE(Line().find("goes on"), std::string::npos);
}

TEST_F(TraceLogTest, RecordsPassTheRingsEndWhole) {
  for (int i = 0; i < 2000; ++i) {
    const std::string text = std::string(i % 300, 'a') + std::to_string(i);
    log_.Append(text.c_str());
    const std::string line = Line();
    ASSERT_NE(line.find(": " + text + "\n"), std::string::npos) << i;
  }
}

TEST_F(TraceLogTest, PrintFormatsAndTellsTheLength) {
  const uint64_t args[] = {5, 6, 7};
  EXPECT_EQ(*log_.Print(BytesOf(StringView("n=%d\0", 5)), args), 3u);
  EXPECT_NE(Line().find(": n=5\n"), std::string::npos);
  EXPECT_EQ(log_.Print(BytesOf(StringView("%q\0", 3)), args).status(),
            Status::kInvalid);
  EXPECT_EQ(Line(), "");
}

TEST_F(TraceLogTest, TextPastLinuxsBufferIsCut) {
  const std::string format(2000, 'f');
  EXPECT_EQ(
      *log_.Print(
          ConstBytes(reinterpret_cast<const uint8_t*>(format.c_str()), 2001),
          {}),
      2000u);
  EXPECT_NE(Line().find(": " + std::string(1023, 'f') + "\n"),
            std::string::npos);
}

TEST_F(TraceLogTest, ALineNeedsRoomForAnyLine) {
  char line[kMaxTraceLine];
  log_.Append("x");
  EXPECT_EQ(log_.ReadLine(Span<char>(line, kMaxTraceLine - 1)).status(),
            Status::kNoSpace);
  EXPECT_FALSE(Line().empty());
}

TEST_F(TraceLogTest, ReadersAreTold) {
  struct CountingListener final : Listener {
    void OnReadable() override { ++count; }
    int count = 0;
  } listener;
  EXPECT_FALSE(log_.Readable());
  log_.notifier().Add(listener);
  {
    const HostTrap trap;
    log_.Append("x");
  }
  EXPECT_TRUE(log_.Readable());
  RunHostDeferred();
  EXPECT_EQ(listener.count, 1);
  log_.notifier().Remove(listener);
}

TEST_F(TraceLogTest, WritersOnAllCpusAndOneReaderLoseNothingUntold) {
  constexpr uint32_t kWriters = 3;
  constexpr int kLines = 20'000;
  std::atomic<uint32_t> running{kWriters};
  std::vector<std::thread> writers;
  for (uint32_t writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      const HostCpu cpu(writer + 1);
      for (int i = 0; i < kLines; ++i) {
        const uint64_t args[] = {writer, static_cast<uint64_t>(i), 0};
        const Result<size_t> length =
            log_.Print(BytesOf(StringView("w%d line %d.\0", 13)), args);
        EXPECT_TRUE(length.ok());
        if (i % 16 == 0) {
          std::this_thread::yield();
        }
      }
      --running;
    });
  }
  uint64_t lines = 0;
  uint64_t lost = 0;
  int next[kWriters] = {};
  for (bool last = false; !last;) {
    last = running == 0;
    for (std::string line = Line(); !line.empty(); line = Line()) {
      unsigned cpu;
      unsigned long long count;
      if (sscanf(line.c_str(), "CPU:%u [LOST %llu EVENTS]", &cpu, &count) ==
          2) {
        lost += count;
        continue;
      }
      unsigned writer;
      int number;
      const size_t at = line.find("printk: ");
      ASSERT_NE(at, std::string::npos) << line;
      ASSERT_EQ(
          sscanf(line.c_str() + at, "printk: w%u line %d.\n", &writer, &number),
          2)
          << line;
      ASSERT_LT(writer, kWriters);
      ASSERT_GE(number, next[writer]);
      next[writer] = number + 1;
      ++lines;
    }
    std::this_thread::yield();
  }
  for (std::thread& writer : writers) {
    writer.join();
  }
  // Lost ones that no later line of their CPU brought up come with the next.
  for (uint32_t writer = 0; writer < kWriters; ++writer) {
    const HostCpu cpu(writer + 1);
    log_.Append("end");
  }
  for (std::string line = Line(); !line.empty(); line = Line()) {
    unsigned cpu;
    unsigned long long count;
    if (sscanf(line.c_str(), "CPU:%u [LOST %llu EVENTS]", &cpu, &count) == 2) {
      lost += count;
    }
  }
  EXPECT_EQ(lines + lost, uint64_t{kWriters} * kLines);
  EXPECT_GT(lines, 0u);
  printf("read %llu, lost %llu\n", static_cast<unsigned long long>(lines),
         static_cast<unsigned long long>(lost));
}

TraceLog* g_log;
std::atomic<uint64_t> g_trap_lines;

void OnTrap() {
  const uint64_t args[] = {1, 2, 3};
  if (g_log->Print(BytesOf(StringView("trap %d%d%d!\0", 13)), args).ok()) {
    ++g_trap_lines;
  }
}

TEST_F(TraceLogTest, TrapsInTheMiddleOfALineWriteLinesOfTheirOwn) {
  g_log = &log_;
  g_trap_lines = 0;
  std::optional<SignalTraps> traps(OnTrap);
  uint64_t own = 0;
  uint64_t trap_lines = 0;
  for (int i = 0; i < 100'000'000 && (own < 20'000 || trap_lines < 1000); ++i) {
    const uint64_t args[] = {4, 5, 6};
    EXPECT_TRUE(
        log_.Print(BytesOf(StringView("task %d%d%d!\0", 13)), args).ok());
    for (std::string line = Line(); !line.empty(); line = Line()) {
      if (line.find(": bpf_trace_printk: task 456!\n") != std::string::npos) {
        ++own;
      } else if (line.find(": bpf_trace_printk: trap 123!\n") !=
                 std::string::npos) {
        ++trap_lines;
      } else {
        EXPECT_EQ(line.substr(0, 12), "CPU:0 [LOST ") << line;
      }
    }
  }
  traps.reset();
  EXPECT_GE(trap_lines, 1000u);
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
