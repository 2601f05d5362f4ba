// SPDX-License-Identifier: MIT
#include "tools/cli/exec.h"

#include "gtest/gtest.h"
#include "tools/cli/failure.h"

namespace ebpf::cli {
namespace {

ExecOptions Options(const std::string& program, const std::string& memory) {
  ExecOptions options;
  options.program = program;
  options.memory = memory;
  return options;
}

TEST(ExecTest, GivesR0) {
  EXPECT_EQ(Exec(Options("b7000000ffffffff 9500000000000000", "")),
            ~uint64_t{0});
}

TEST(ExecTest, PutsMemoryAndItsLengthIntoRegisters) {
  const char* const kExit = " 9500000000000000";
  EXPECT_EQ(Exec(Options(std::string("bf20000000000000") + kExit, "010203")),
            3u);
  EXPECT_EQ(Exec(Options(std::string("7110020000000000") + kExit, "010203")),
            3u);
}

TEST(ExecTest, MemoryIsAlignedAndEndsAtAPageThatFaults) {
  // r0 = r1 & 15
  EXPECT_EQ(Exec(Options("bf10000000000000 570000000f000000 9500000000000000",
                         std::string(2 * 24, '0'))),
            0u);
  // r0 = *(u8 *)(r1 + 16)
  EXPECT_THROW(Exec(Options("7110100000000000 9500000000000000",
                            std::string(2 * 16, '0'))),
               Failure);
}

TEST(ExecTest, JumpsToTheFirstInstructionWork) {
  // r3 += 1; if r3 != 5 goto -2; r0 = r3; exit
  EXPECT_EQ(Exec(Options("0703000001000000 5503feff05000000 bf30000000000000 "
                         "9500000000000000",
                         "")),
            5u);
}

TEST(ExecTest, RefusesBeforeItRuns) {
  EXPECT_THROW(Exec(Options("", "")), Failure);
  EXPECT_THROW(Exec(Options("9500000000000000", "0")), Failure);
  EXPECT_THROW(Exec(Options("ff00000000000000", "")), Failure);
}

}  // namespace
}  // namespace ebpf::cli
