// SPDX-License-Identifier: MIT
#include "tools/cli/bench.h"

#include <nlohmann/json.hpp>

#include "gtest/gtest.h"
#include "tools/cli/failure.h"

namespace ebpf::cli {
namespace {

TEST(BenchTest, MeasuresEachProgramOfAnObject) {
  BenchOptions options;
  options.file = "tools/cli/testdata/shapes.x86_64.bpf.o";
  options.passes = 1;
  options.json = true;
  const nlohmann::json json = nlohmann::json::parse(Bench(options));
  ASSERT_EQ(json["programs"].size(), 5u);
  for (const nlohmann::json& program : json["programs"]) {
    EXPECT_GT(program["ns_per_run"]["interpreter"], 0.0);
  }
}

TEST(BenchTest, MeasuresOneProgram) {
  BenchOptions options;
  options.file = "tools/cli/testdata/shapes.x86_64.bpf.o";
  options.program = "sum";
  options.passes = 1;
  const std::string text = Bench(options);
  EXPECT_NE(text.find("\nsum "), std::string::npos) << text;
  EXPECT_EQ(text.find("answer"), std::string::npos);
}

TEST(BenchTest, RefusesWhatIsNoObject) {
  BenchOptions options;
  options.file = "tools/cli/testdata";
  EXPECT_THROW(Bench(options), Failure);
}

}  // namespace
}  // namespace ebpf::cli
