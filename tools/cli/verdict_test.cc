// SPDX-License-Identifier: MIT
#include "tools/cli/verdict.h"

#include <nlohmann/json.hpp>

#include "gtest/gtest.h"

namespace ebpf::cli {
namespace {

constexpr char kStats[] =
    "R1 !read_ok\n"
    "processed 12 insns (limit 1000000) max_states_per_insn 1 total_states 3 "
    "peak_states 2 mark_read 0\n";

Verdict Refused() {
  Verdict verdict;
  verdict.file = "f.o";
  verdict.program = "p";
  verdict.section = "xdp";
  verdict.type = "xdp";
  verdict.error = 13;
  verdict.log = kStats;
  verdict.stats = ReadStats(kStats);
  verdict.peak_memory_bytes = 4097;
  verdict.time_ns = 5500;
  return verdict;
}

TEST(VerdictTest, StatisticsComeFromTheLogsLastLine) {
  const LoggedStats stats = ReadStats(kStats);

  EXPECT_EQ(stats.insns_processed, 12u);
  EXPECT_EQ(stats.total_states, 3u);
  EXPECT_EQ(stats.peak_states, 2u);
  EXPECT_EQ(ReadStats("nothing of it").insns_processed, 0u);
  EXPECT_EQ(ReadStats("").total_states, 0u);
}

TEST(VerdictTest, JsonIsOneLineWithTheAgreedFields) {
  const std::string line = ToJson(Refused());

  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const nlohmann::json json = nlohmann::json::parse(line);
  EXPECT_EQ(json["file"], "f.o");
  EXPECT_EQ(json["program"], "p");
  EXPECT_EQ(json["section"], "xdp");
  EXPECT_EQ(json["type"], "xdp");
  EXPECT_EQ(json["verdict"], "reject");
  EXPECT_EQ(json["errno"], 13);
  EXPECT_EQ(json["log"], kStats);
  EXPECT_EQ(json["instructions_processed"], 12);
  EXPECT_EQ(json["total_states"], 3);
  EXPECT_EQ(json["peak_states"], 2);
  EXPECT_EQ(json["peak_memory_bytes"], 4097);
  EXPECT_EQ(json["time_ns"], 5500);
  EXPECT_EQ(json["linked"], true);
  EXPECT_FALSE(json.contains("linux_verdict"));
}

TEST(VerdictTest, JsonHasTheHostsAnswerWhereItWasAsked) {
  Verdict verdict = Refused();
  verdict.linux_error = 0;
  const nlohmann::json json = nlohmann::json::parse(ToJson(verdict));

  EXPECT_EQ(json["linux_verdict"], "accept");
  EXPECT_EQ(json["linux_errno"], 0);
}

TEST(VerdictTest, NamesThatAreNoTextDoNotBreakTheJson) {
  Verdict verdict = Refused();
  verdict.program = "p\xff\xfe";

  EXPECT_TRUE(nlohmann::json::accept(ToJson(verdict)));
}

TEST(VerdictTest, TextSaysWhatAndWhy) {
  const std::string text = ToText(Refused(), false);

  EXPECT_EQ(text.find("f.o: p (SEC \"xdp\"): reject (Permission denied)\n"),
            0u);
  EXPECT_NE(text.find("12 instructions processed, 3 states (2 at once), 5 KiB, "
                      "5 us\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\n    R1 !read_ok\n"), std::string::npos) << text;
}

TEST(VerdictTest, TextHasTheEndOfALongLogUnlessAllIsWanted) {
  Verdict verdict = Refused();
  verdict.log = "the first line\n";
  for (int i = 0; i < 100; ++i) {
    verdict.log += "another line\n";
  }
  verdict.log += "the last line\n";

  EXPECT_EQ(ToText(verdict, false).find("the first line"), std::string::npos);
  EXPECT_NE(ToText(verdict, false).find("the last line"), std::string::npos);
  EXPECT_NE(ToText(verdict, true).find("the first line"), std::string::npos);
}

TEST(VerdictTest, ADifferenceFromLinuxIsMarkedAndExplained) {
  Verdict verdict = Refused();
  verdict.linux_error = 13;
  EXPECT_EQ(ToText(verdict, false).find("DIFFERENT"), std::string::npos);
  verdict.linux_error = 0;
  verdict.linux_log = "what Linux said\n";
  EXPECT_NE(ToText(verdict, false).find("Linux: accept - DIFFERENT"),
            std::string::npos);
  EXPECT_NE(ToText(verdict, false).find("what Linux said"), std::string::npos);
}

}  // namespace
}  // namespace ebpf::cli
