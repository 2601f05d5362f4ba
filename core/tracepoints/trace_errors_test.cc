// SPDX-License-Identifier: MIT
#include "core/tracepoints/trace_errors.h"

#include <string>

#include "gtest/gtest.h"
#include "testing/host_port/host_clock.h"

namespace ebpf {
namespace {

class TraceErrorsTest : public testing::Test {
 protected:
  TraceErrorsTest() {
    ClearTraceErrors();
    SetHostTime(5'000'001'000);
  }
  ~TraceErrorsTest() override {
    ClearTraceErrors();
    ResumeHostTime();
  }

  static std::string All() {
    char text[8192];
    TextWriter writer(text, sizeof(text));
    for (size_t i = 0; PutTraceError(writer, i); ++i) {
    }
    return std::string(writer.text().data(), writer.text().size());
  }
};

TEST_F(TraceErrorsTest, SaysWhatWasRefusedWhereAndWhy) {
  EXPECT_EQ(All(), "");
  AddTraceError("trace_kprobe", "p:x nowhere", "Invalid probed address", 4);
  EXPECT_EQ(All(),
            "[    5.000001] trace_kprobe: error: Invalid probed address\n"
            "  Command: p:x nowhere\n"
            "               ^\n");
  ClearTraceErrors();
  EXPECT_EQ(All(), "");
}

TEST_F(TraceErrorsTest, KeepsTheLastOnes) {
  for (int i = 0; i < 20; ++i) {
    AddTraceError("w", std::to_string(i).c_str(), "e", 0);
  }
  std::string expected;
  for (int i = 12; i < 20; ++i) {
    expected += "[    5.000001] w: error: e\n  Command: " + std::to_string(i) +
                "\n           ^\n";
  }
  EXPECT_EQ(All(), expected);
}

TEST_F(TraceErrorsTest, WhatIsTooLongIsCut) {
  const std::string text(5000, 'x');
  const StringView view(text.data(), text.size());
  AddTraceError(view, view, view, SIZE_MAX);
  const std::string all = All();
  EXPECT_LT(all.size(), 1000u);
  EXPECT_NE(
      all.find("\n  Command: " + text.substr(0, kMaxTraceErrorText) + "\n"),
      std::string::npos);
  EXPECT_EQ(all.substr(all.size() - 2), "^\n");
}

}  // namespace
}  // namespace ebpf
