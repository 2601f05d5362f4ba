// SPDX-License-Identifier: MIT
#include "core/verifier/walk_log.h"

#include "core/verifier/test_lines.h"
#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class WalkLogTest : public VerifierTest {
 protected:
  static std::string WithoutLast(const std::string& log) {
    return log.substr(0, log.rfind("processed "));
  }
};

const char kRefused[] =
    "0: R1=ctx() R10=fp0\n"
    "0: (7a) *(u64 *)(r10 -8) = 0          ; R10=fp0 fp-8_w=0\n"
    "1: (bf) r2 = r10                      ; R2_w=fp0 R10=fp0\n"
    "2: (07) r2 += -8                      ; R2_w=fp-8\n"
    "3: (18) r1 = map[1]                   ; R1_w=map_ptr(ks=8,vs=48)\n"
    "5: (85) call bpf_map_lookup_elem#1    ; "
    "R0_w=map_value_or_null(id=1,ks=8,vs=48)\n"
    "6: (79) r0 = *(u64 *)(r0 +0)\n"
    "R0 invalid mem access 'map_value_or_null'\n";

TEST_F(WalkLogTest, EachInstructionShowsWhatItReadAndWrote) {
  const Code code = Join({Lookup(kHash), Load(kDW, R0, R0, 0), Exit()});
  EXPECT_EQ(Judge(code, kLogPath).log.substr(0, sizeof(kRefused) - 1),
            kRefused);
  EXPECT_EQ(Judge(code, kLogStates).log.substr(0, sizeof(kRefused) - 1 + 10),
            std::string("func#0 @0\n") + kRefused);
}

TEST_F(WalkLogTest, OfAnAcceptedProgramOnlyTheLastLineIsLeftAtLevelOne) {
  const Verdict verdict = Judge(Return0(), kLogPath);
  EXPECT_EQ(verdict.log,
            "processed 2 insns (limit 1000000) max_states_per_insn 0 "
            "total_states 0 peak_states 0 mark_read 0\n");
}

TEST_F(WalkLogTest, PathsSayWhereTheyComeFrom) {
  const Verdict verdict =
      Judge(Join({LookupOrExit(kHash), MovImm(R0, 1), Exit()}), kLogStates);
  EXPECT_NE(
      verdict.log.find("6: (55) if r0 != 0x0 goto pc+1        ; R0_w=0\n"
                       "7: (95) exit\n"
                       "\n"
                       "from 6 to 8: R0=map_value(ks=8,vs=48) R10=fp0 fp-8=0\n"
                       "8: R0=map_value(ks=8,vs=48) R10=fp0 fp-8=0\n"
                       "8: (b7) r0 = 1                        ; R0_w=1\n"
                       "9: (95) exit\n"),
      std::string::npos)
      << verdict.log;
}

TEST_F(WalkLogTest, TheRefusedPathStandsAloneAtLevelOne) {
  const Verdict verdict = Judge(
      Join({LookupOrExit(kHash), Load(kDW, R1, R0, 48), MovImm(R0, 0), Exit()}),
      kLogPath);
  EXPECT_NE(verdict.log.find(
                "6: (55) if r0 != 0x0 goto pc+1\n"
                "8: R0=map_value(ks=8,vs=48) R10=fp0 fp-8=0\n"
                "8: (79) r1 = *(u64 *)(r0 +48)\n"
                "invalid access to map value, value_size=48 off=48 size=8\n"),
            std::string::npos)
      << verdict.log;
}

TEST_F(WalkLogTest, FunctionsShowWhatTheyGetAndGive) {
  const Verdict verdict =
      Judge(Join({MovImm(R6, 3), Store(kDW, R10, -8, R6), MovReg(R1, R10),
                  CallLocal(2), MovImm(R0, 0), Exit(), Load(kDW, R0, R1, -8),
                  Exit()}),
            kLogStates);
  EXPECT_NE(verdict.log.find(
                "func#0 @0\n"
                "func#1 @6\n"
                "0: R1=ctx() R10=fp0\n"
                "0: (b7) r6 = 3                        ; R6_w=3\n"
                "1: (7b) *(u64 *)(r10 -8) = r6         ; R6_w=3 R10=fp0 "
                "fp-8_w=3\n"
                "2: (bf) r1 = r10                      ; R1_w=fp0 R10=fp0\n"
                "3: (85) call pc+2\n"
                "caller:\n"
                " R6_w=3 R10=fp0 fp-8_w=3\n"
                "callee:\n"
                " frame1: R1=fp[0]0 R10=fp0\n"
                "6: frame1: R1=fp[0]0 R10=fp0\n"
                "6: (79) r0 = *(u64 *)(r1 -8)          ; frame1: R0_w=3 "
                "R1=fp[0]0\n"
                "7: (95) exit\n"
                "returning from callee:\n"
                " frame1: R0_w=3 R1=fp[0]0 R10=fp0\n"
                "to caller at 4:\n"
                " R0_w=3 R6_w=3 R10=fp0 fp-8_w=3\n"
                "\n"
                "from 7 to 4: R0_w=3 R6_w=3 R10=fp0 fp-8_w=3\n"
                "4: (b7) r0 = 0                        ; R0_w=0\n"
                "5: (95) exit\n"),
            std::string::npos)
      << verdict.log;
}

TEST_F(WalkLogTest, WhatIsCalledBackIsMarked) {
  const Verdict verdict = Judge(
      Join({MovImm(R1, 10), LoadFunction(R2, 6), MovImm(R3, 0), MovImm(R4, 0),
            Call(kLoop), MovImm(R0, 0), Exit(), MovImm(R0, 0), Exit()}),
      kLogStates);
  for (const char* line :
       {"from 5 to 8: frame1: R1=scalar() R2=0 R10=fp0 cb",
        "8: (b7) r0 = 0                        ; frame1: R0_w=0 cb",
        "returning from callee:", "to caller at 5:", "from 9 to 5: safe"}) {
    EXPECT_TRUE(HasLine(verdict.log, line)) << line << "\n" << verdict.log;
  }
}

TEST_F(WalkLogTest, SourceLinesStandBeforeTheirInstructions) {
  TestLines lines("/src/a.bpf.c");
  lines.Add(0, 7, "  int x = 0;");
  lines.Add(1, 8, "\tx += 1;");
  lines.Add(2, 8, "\tx += 1;");
  lines.Add(3, 9, "return x;");
  lines.PutInto(options_);
  const Verdict verdict = Judge(
      {MovImm(R0, 0), AluImm(kAdd, R0, 1), MovReg(R0, R0), Exit()}, kLogStates);
  EXPECT_EQ(WithoutLast(verdict.log),
            "func#0 @0\n"
            "0: R1=ctx() R10=fp0\n"
            "; int x = 0; @ a.bpf.c:7\n"
            "0: (b7) r0 = 0                        ; R0_w=0\n"
            "; x += 1; @ a.bpf.c:8\n"
            "1: (07) r0 += 1                       ; R0_w=1\n"
            "2: (bf) r0 = r0                       ; R0_w=1\n"
            "; return x; @ a.bpf.c:9\n"
            "3: (95) exit\n");
}

TEST_F(WalkLogTest, StatisticsTellTimeAndStacks) {
  const Verdict verdict =
      Judge(Join({StoreImm(kDW, R10, -16, 0), CallLocal(1), Exit(),
                  StoreImm(kDW, R10, -8, 0), Return0()}),
            kLogStats);
  EXPECT_EQ(verdict.log.find("verification time "), 0u);
  EXPECT_TRUE(HasLine(verdict.log, "stack depth 16+8")) << verdict.log;
  EXPECT_EQ(verdict.log.find("0: (7a)"), std::string::npos);
}

TEST_F(WalkLogTest, StatisticsOfWhatHasNoFunctionsAreShort) {
  const Verdict verdict = Judge(Join({CallLocal(9), Return0()}), kLogStats);
  EXPECT_TRUE(HasLine(verdict.log, "call to invalid destination"));
  EXPECT_LT(verdict.log.size(), 300u) << verdict.log;
}

TEST_F(WalkLogTest, LevelZeroIsSilent) {
  EXPECT_EQ(Judge({MovReg(R0, R7), Exit()}, 0).log, "");
}

}  // namespace
}  // namespace ebpf::verifier
