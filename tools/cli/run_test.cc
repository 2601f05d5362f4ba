// SPDX-License-Identifier: MIT
#include "tools/cli/run.h"

#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "gtest/gtest.h"
#include "tools/cli/failure.h"

namespace ebpf::cli {
namespace {

const char kPackets[] = "tools/cli/testdata/packets.x86_64.bpf.o";

struct Answer {
  int status;
  std::vector<nlohmann::json> programs;
};

Answer Ask(RunOptions options) {
  options.file = kPackets;
  options.json = true;
  std::string text;
  Answer answer;
  answer.status = Run(options, [&](std::string_view piece) { text += piece; });
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    answer.programs.push_back(nlohmann::json::parse(line));
  }
  return answer;
}

RunOptions Only(const char* program) {
  RunOptions options;
  options.programs = {program};
  return options;
}

TEST(RunTest, EnginesReturnTheSame) {
  for (const char* engine : {"interpreter", "jit"}) {
    RunOptions options = Only("length");
    options.engine = engine;
    const Answer answer = Ask(options);
    ASSERT_EQ(answer.programs.size(), 1u);
    EXPECT_EQ(answer.status, 0);
    EXPECT_EQ(answer.programs[0]["retval"], 64) << engine;
    EXPECT_EQ(answer.programs[0]["engine"], engine);
  }
}

TEST(RunTest, ThePacketIsTheClients) {
  RunOptions options = Only("shorter");
  options.data = "000102030405060708090a0b0c0d0e0f101112131415";
  const Answer answer = Ask(options);
  ASSERT_EQ(answer.programs.size(), 1u);
  EXPECT_EQ(answer.programs[0]["retval"], 2);
  EXPECT_EQ(answer.programs[0]["data_out"],
            "0405060708090a0b0c0d0e0f101112131415");
}

TEST(RunTest, WhatCannotBeRunAndWhatIsRefusedSaySo) {
  const Answer probe = Ask(Only("probe"));
  ASSERT_EQ(probe.programs.size(), 1u);
  EXPECT_EQ(probe.status, 1);
  EXPECT_EQ(probe.programs[0]["run_errno"], 524);
  const Answer refused = Ask(Only("refused"));
  ASSERT_EQ(refused.programs.size(), 1u);
  EXPECT_EQ(refused.status, 1);
  EXPECT_EQ(refused.programs[0]["verdict"], "reject");
  EXPECT_NE(refused.programs[0]["log"], "");
}

TEST(RunTest, AllProgramsAreRunWithoutAName) {
  EXPECT_EQ(Ask(RunOptions()).programs.size(), 4u);
}

TEST(RunTest, ValuesForMapsThatAreNotThereAreMistakes) {
  RunOptions options = Only("length");
  options.values = {"nothing=00"};
  EXPECT_THROW(Ask(options), Failure);
  options.values = {"nothing"};
  EXPECT_THROW(Ask(options), Failure);
}

TEST(RunTest, AnEngineThatIsNotThereIsAMistake) {
  RunOptions options = Only("length");
  options.engine = "none";
  EXPECT_THROW(Ask(options), Failure);
}

}  // namespace
}  // namespace ebpf::cli
