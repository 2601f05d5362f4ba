// SPDX-License-Identifier: MIT
#include "tools/cli/progress.h"

#include "gtest/gtest.h"

namespace ebpf::cli {
namespace {

TEST(ProgressTest, SaysAgainAndAgainThatItGoesOn) {
  testing::internal::CaptureStderr();
  {
    const Progress progress("f.o", "p", std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  const std::string text = testing::internal::GetCapturedStderr();

  EXPECT_EQ(text.find("ebpf: f.o: p: still verifying, "), 0u) << text;
  EXPECT_NE(text.find('\n'), text.rfind('\n')) << text;  // more than one line
}

TEST(ProgressTest, SaysNothingOfWhatIsSoonDone) {
  testing::internal::CaptureStderr();
  {
    const Progress progress("f.o", "p", std::chrono::hours(1));
  }

  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace ebpf::cli
