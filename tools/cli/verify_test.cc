// SPDX-License-Identifier: MIT
#include "tools/cli/verify.h"

#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "gtest/gtest.h"
#include "tools/cli/failure.h"

namespace ebpf::cli {
namespace {

const char kShapes[] = "tools/cli/testdata/shapes.x86_64.bpf.o";
const char kRefused[] = "testing/programs/no_null_check.x86_64.bpf.o";

struct Answer {
  int status;
  std::vector<nlohmann::json> programs;
};

Answer Ask(VerifyOptions options) {
  options.json = true;
  std::string text;
  Answer answer;
  answer.status =
      Verify(options, [&](std::string_view piece) { text += piece; });
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    answer.programs.push_back(nlohmann::json::parse(line));
  }
  return answer;
}

VerifyOptions Of(const char* file) {
  VerifyOptions options;
  options.file = file;
  return options;
}

TEST(VerifyTest, EachProgramHasAVerdict) {
  const Answer answer = Ask(Of(kShapes));

  EXPECT_EQ(answer.status, 0);
  ASSERT_GE(answer.programs.size(), 3u);
  for (const nlohmann::json& program : answer.programs) {
    EXPECT_EQ(program["verdict"], "accept") << program;
    EXPECT_EQ(program["errno"], 0);
    EXPECT_EQ(program["log"], "");
    EXPECT_EQ(program["type"], "kprobe");
    EXPECT_GT(program["instructions_processed"], 0);
    EXPECT_GT(program["peak_memory_bytes"], 0);
    EXPECT_GT(program["time_ns"], 0);
  }
}

TEST(VerifyTest, ARefusedProgramIsExplained) {
  const Answer answer = Ask(Of(kRefused));

  EXPECT_EQ(answer.status, 1);
  ASSERT_EQ(answer.programs.size(), 1u);
  EXPECT_EQ(answer.programs[0]["verdict"], "reject");
  EXPECT_EQ(answer.programs[0]["errno"], 13);
  const std::string log = answer.programs[0]["log"];
  EXPECT_NE(log.find("R0 invalid mem access 'map_value_or_null'"),
            std::string::npos)
      << log;
}

TEST(VerifyTest, ProgramsCanBeChosenByNameAndNumber) {
  VerifyOptions options = Of(kShapes);
  options.programs = {"sum", "0"};

  const Answer answer = Ask(options);

  ASSERT_EQ(answer.programs.size(), 2u);
  EXPECT_EQ(answer.programs[1]["program"], "sum");
  options.programs = {"no_such_program"};
  EXPECT_THROW(Ask(options), Failure);
}

TEST(VerifyTest, ALogLevelShowsWhatIsAcceptedToo) {
  VerifyOptions options = Of(kShapes);
  options.programs = {"sum"};
  options.log_level = 2;

  const std::string log = Ask(options).programs[0]["log"];

  EXPECT_NE(log.find("0: R1=ctx() R10=fp0"), std::string::npos) << log;
}

TEST(VerifyTest, FlagsAreThoseOfTheSystemCall) {
  VerifyOptions options = Of(kShapes);
  options.programs = {"sum"};
  options.flags = 1u << 31;  // there is none

  const Answer answer = Ask(options);

  EXPECT_EQ(answer.status, 1);
  EXPECT_EQ(answer.programs[0]["errno"], 22);
}

TEST(VerifyTest, TheUnprivilegedMayNotTrace) {
  VerifyOptions options = Of(kShapes);
  options.programs = {"sum"};
  options.unprivileged = true;

  EXPECT_EQ(Ask(options).programs[0]["errno"], 1);
}

TEST(VerifyTest, PortsJudgeByWhatTheyHave) {
  for (const std::string_view profile : kProfiles) {
    VerifyOptions options = Of(kShapes);
    options.profile = profile;
    options.programs = {"sum"};
    EXPECT_EQ(Ask(options).status, 0) << profile;
  }
}

TEST(VerifyTest, WhatIsNoObjectIsAFailure) {
  EXPECT_THROW(Ask(Of("no/such/file")), Failure);
  EXPECT_THROW(Ask(Of("tools/cli/verify_test")), Failure);  // an ELF, for x86
}

TEST(VerifyTest, ComparingAsksAsWhoeverRunsIt) {
  VerifyOptions options = Of(kShapes);
  options.unprivileged = true;
  options.compare_linux = true;

  EXPECT_THROW(Ask(options), Failure);
}

}  // namespace
}  // namespace ebpf::cli
