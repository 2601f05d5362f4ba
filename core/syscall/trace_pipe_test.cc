// SPDX-License-Identifier: MIT
#include "core/syscall/trace_pipe.h"

#include <algorithm>
#include <string>

#include "core/helpers/trace_log.h"
#include "core/platform/cpu.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

std::string ReadAll(size_t size) {
  std::string text(size, '?');
  text.resize(ReadTracePipe(Span<char>(text.data(), text.size())));
  return text;
}

void Append(StringView text) {
  const uintptr_t preemption = ebpf_port_preempt_disable();
  GlobalTraceLog()->Append(text);
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

TEST(TracePipeTest, WithoutTheSubsystemThereIsNothing) {
  EXPECT_EQ(ReadAll(2 * kMaxTraceLine), "");
}

}  // namespace
}  // namespace ebpf
