// SPDX-License-Identifier: MIT
#include "tools/cli/disasm.h"

#include "gtest/gtest.h"
#include "tools/cli/failure.h"

namespace ebpf::cli {
namespace {

DisasmOptions Options() {
  DisasmOptions options;
  options.file = "tools/cli/testdata/shapes.x86_64.bpf.o";
  return options;
}

TEST(DisasmTest, ShowsAllProgramsOrOne) {
  DisasmOptions options = Options();
  const std::string all = Disasm(options);
  for (const char* name : {"answer: ", "sum: ", "triangle: ", "globals: "}) {
    EXPECT_NE(all.find(name), std::string::npos) << name;
  }
  options.program = "2";
  EXPECT_TRUE(Disasm(options).starts_with("triangle: "));
  EXPECT_EQ(Disasm(options).find("answer: "), std::string::npos);
}

TEST(DisasmTest, ShowsSubprogramsWithTheirSource) {
  DisasmOptions options = Options();
  options.program = "triangle";
  EXPECT_NE(Disasm(options).find("return sum + next;"), std::string::npos);
}

TEST(DisasmTest, SaysWhatWasNotVerified) {
  DisasmOptions options = Options();
  options.unverified = true;
  options.program = "answer";
  EXPECT_NE(Disasm(options).find(", not verified"), std::string::npos);
}

TEST(DisasmTest, RefusesACpuThatDoesNotExist) {
  DisasmOptions options = Options();
  options.machine = "vax";
  EXPECT_THROW(Disasm(options), Failure);
}

}  // namespace
}  // namespace ebpf::cli
