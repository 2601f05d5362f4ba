// SPDX-License-Identifier: MIT
#include "tools/cli/verified_program.h"

#include "gtest/gtest.h"
#include "tools/cli/engines.h"
#include "tools/cli/failure.h"
#include "tools/cli/input.h"

namespace ebpf::cli {
namespace {

std::vector<uint8_t> Shapes() {
  const std::string text = ReadFile("tools/cli/testdata/shapes.x86_64.bpf.o");
  return {text.begin(), text.end()};
}

TEST(VerifiedProgramTest, LoadsAllProgramsOrTheOneThatIsAskedFor) {
  const Runtime runtime;
  EXPECT_EQ(LoadVerified(Shapes(), std::nullopt).programs.size(), 5u);
  const VerifiedObject one = LoadVerified(Shapes(), "triangle");
  ASSERT_EQ(one.programs.size(), 1u);
  EXPECT_EQ(one.programs[0].name, "triangle");
  EXPECT_FALSE(one.programs[0].program->facts().empty());
  EXPECT_TRUE(one.maps.contains("values"));
}

TEST(VerifiedProgramTest, GivesTheVerifiersReason) {
  const Runtime runtime;
  const std::string text =
      ReadFile("testing/programs/no_null_check.x86_64.bpf.o");
  try {
    LoadVerified({text.begin(), text.end()}, std::nullopt);
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_NE(std::string(failure.what()).find("map_value_or_null"),
              std::string::npos)
        << failure.what();
  }
}

}  // namespace
}  // namespace ebpf::cli
