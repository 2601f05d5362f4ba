// SPDX-License-Identifier: MIT
#include "tools/cli/raw_program.h"

#include "gtest/gtest.h"
#include "tools/cli/failure.h"
#include "tools/cli/input.h"

namespace ebpf::cli {
namespace {

/// What is said of the program with these bytes; empty: it can be run.
std::string Verdict(std::string_view hex) {
  try {
    const std::vector<isa::Insn> insns = InsnsOf(ParseHex(hex, "program"));
    CheckRunnable(isa::ConstInsns(insns.data(), insns.size()));
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "";
}

TEST(RawProgramTest, TakesAProgram) {
  EXPECT_EQ(Verdict("b700000001000000 9500000000000000"), "");
  EXPECT_EQ(Verdict("1800000001000000 0000000002000000 9500000000000000"), "");
  EXPECT_EQ(Verdict("8510000001000000 9500000000000000 9500000000000000"), "");
}

TEST(RawProgramTest, TakesAnEndlessLoop) {
  EXPECT_EQ(Verdict("0500ffff00000000"), "");
}

TEST(RawProgramTest, RefusesWhatIsNoWholeNumberOfInstructions) {
  EXPECT_EQ(Verdict(""), "the program is empty");
  EXPECT_EQ(Verdict("95"),
            "the program has 1 bytes, and instructions have 8 each");
}

TEST(RawProgramTest, RefusesTooManyInstructions) {
  const std::vector<uint8_t> bytes((kMaxInsns + 1) * sizeof(isa::Insn));
  EXPECT_THROW(InsnsOf(bytes), Failure);
}

TEST(RawProgramTest, RefusesAConstantThatIsCutInTwo) {
  EXPECT_NE(Verdict("b700000000000000 1800000001000000"), "");
}

TEST(RawProgramTest, RefusesAJumpOutOfTheProgram) {
  EXPECT_EQ(Verdict("0500feff00000000 9500000000000000"),
            "instruction 0: it goes to instruction -1, out of the program");
  EXPECT_EQ(Verdict("1500010000000000 9500000000000000"),
            "instruction 0: it goes to instruction 2, out of the program");
  EXPECT_EQ(Verdict("0600000001000000 9500000000000000"),
            "instruction 0: it goes to instruction 2, out of the program");
  EXPECT_EQ(Verdict("8510000005000000 9500000000000000"),
            "instruction 0: it goes to instruction 6, out of the program");
}

TEST(RawProgramTest, RefusesAJumpIntoAConstant) {
  EXPECT_EQ(Verdict("0500010000000000 1800000001000000 0000000000000000 "
                    "9500000000000000"),
            "instruction 0: it goes into the middle of instruction 1");
}

TEST(RawProgramTest, RefusesAnEndThatFallsOff) {
  EXPECT_EQ(Verdict("b700000001000000"),
            "instruction 0: its function's last is neither exit nor a jump");
}

TEST(RawProgramTest, RefusesAJumpIntoAnotherFunction) {
  EXPECT_EQ(Verdict("8510000002000000 0500010000000000 9500000000000000 "
                    "9500000000000000"),
            "instruction 1: it jumps to instruction 3, into another function");
}

TEST(RawProgramTest, RefusesAFunctionThatFallsIntoTheNext) {
  EXPECT_EQ(Verdict("8510000001000000 b700000000000000 9500000000000000"),
            "instruction 1: its function's last is neither exit nor a jump");
}

TEST(RawProgramTest, RefusesWritesToTheFramePointer) {
  const char* const kExit = "9500000000000000";
  for (const char* insn :
       {"b70a000000000000", "bf1a000000000000", "870a000000000000",
        "d70a000010000000", "791a000000000000", "dba1000001000000",
        "dba10000e1000000"}) {
    EXPECT_EQ(Verdict(std::string(insn) + kExit),
              "instruction 0: r10 is read-only")
        << insn;
  }
  // Comparing and exchanging writes r0, and stores r10.
  EXPECT_EQ(Verdict(std::string("dba10000f1000000") + kExit), "");
  EXPECT_EQ(Verdict(std::string("7ba1000000000000") + kExit), "");
}

TEST(RawProgramTest, RefusesCallsThatNobodyCanMake) {
  EXPECT_EQ(Verdict("8500000000000000 9500000000000000"),
            "instruction 0: there is no helper function 0");
  EXPECT_EQ(Verdict("85000000ffffffff 9500000000000000"),
            "instruction 0: there is no helper function -1");
  EXPECT_EQ(Verdict("8d00000000000000 9500000000000000"),
            "instruction 0: calls through a register (callx) are not "
            "supported");
  EXPECT_EQ(Verdict("8520000001000000 9500000000000000"),
            "instruction 0: calls of kernel functions are not supported");
}

TEST(RawProgramTest, RefusesWhatOnlyAVerifierMakesRunnable) {
  EXPECT_NE(Verdict("e500000000000000 9500000000000000"), "");  // may_goto
  EXPECT_NE(Verdict("e700000000000000 9500000000000000"), "");  // internal
  EXPECT_NE(Verdict("f500000000000000 9500000000000000"), "");  // internal
  EXPECT_NE(Verdict("85f0000000000000 9500000000000000"), "");  // internal
}

}  // namespace
}  // namespace ebpf::cli
