// SPDX-License-Identifier: MIT
#include "core/syscall/trace_pipe.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/helpers/trace_log.h"
#include "core/platform/cpu.h"
#include "core/tracepoints/trace_instance.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

std::string ReadAll(size_t size) {
  std::string text(size, '?');
  text.resize(ReadTracePipe(Span<char>(text.data(), text.size())));
  return text;
}

void Append(const char* text) {
  ASSERT_EQ(SwitchOnTracePrintk(), Status::kOk);
  const uintptr_t preemption = ebpf_port_preempt_disable();
  EXPECT_TRUE(GlobalTraceLog()
                  ->Print(ConstBytes(reinterpret_cast<const uint8_t*>(text),
                                     strlen(text) + 1),
                          {})
                  .ok());
  ebpf_port_preempt_enable(preemption);
}

size_t LinesIn(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(TracePipeTest, GivesLinesInOrderAndEachOnce) {
  TestSystem system;
  Append("first");
  Append("second");

  const std::string text = ReadAll(2 * kMaxTraceLine);

  EXPECT_EQ(LinesIn(text), 2u) << text;
  EXPECT_NE(text.find("first\n"), std::string::npos) << text;
  EXPECT_LT(text.find("first\n"), text.find("second\n"));
  EXPECT_EQ(text.back(), '\n');
  EXPECT_EQ(ReadAll(2 * kMaxTraceLine), "");
}

TEST(TracePipeTest, ABufferThatIsTooSmallForAnyLineGetsNoneAndLosesNone) {
  TestSystem system;
  Append("line");

  EXPECT_EQ(ReadAll(kMaxTraceLine - 1), "");
  EXPECT_EQ(ReadAll(0), "");

  EXPECT_EQ(LinesIn(ReadAll(kMaxTraceLine)), 1u);
}

TEST(TracePipeTest, StopsWhereTheLongestLineWouldNotFit) {
  TestSystem system;
  for (int i = 0; i < 50; ++i) {
    Append("some line");
  }
  size_t lines = 0;
  for (;;) {
    const std::string text = ReadAll(kMaxTraceLine + 200);
    if (text.empty()) {
      break;
    }
    EXPECT_EQ(text.back(), '\n');
    lines += LinesIn(text);
  }
  EXPECT_EQ(lines, 50u);
}

TEST(TracePipeTest, ALineThatIsAsLongAsTheyGetIsWhole) {
  TestSystem system;
  const std::string text(kMaxTraceText - 1, 'x');
  for (int i = 0; i < 200; ++i) {
    Append(text.c_str());  // more than there is room for
  }
  const std::string line = ReadAll(kMaxTraceLine);
  EXPECT_EQ(line.find("CPU:0 [LOST "), 0u) << line;
  EXPECT_NE(line.find(": bpf_trace_printk: " + text + "\n"), std::string::npos);
}

TEST(TracePipeTest, WithoutTheSubsystemThereIsNothing) {
  EXPECT_EQ(ReadAll(2 * kMaxTraceLine), "");
}

}  // namespace
}  // namespace ebpf
