// SPDX-License-Identifier: MIT
#include "core/verifier/diagnosis.h"

#include <random>

#include "core/verifier/test_lines.h"
#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class DiagnosisTest : public VerifierTest {
 protected:
  /// From its head on.
  std::string BlockOf(const Code& code, uint32_t level = kLogPath) {
    const std::string log = Judge(code, level).log;
    const size_t at = log.find("\nVerification failed: ");
    return at == std::string::npos ? "" : log.substr(at + 1);
  }
  void Has(const Code& code, std::initializer_list<const char*> texts) {
    // Lines are broken anywhere: as one.
    std::string block = BlockOf(code);
    for (size_t at = 0; (at = block.find("\n  ", at)) != std::string::npos;) {
      block.replace(at, 3, " ");
    }
    for (const char* text : texts) {
      EXPECT_NE(block.find(text), std::string::npos)
          << "expected: " << text << "\n"
          << block;
    }
  }
};

TEST_F(DiagnosisTest, TellsWhatWhereHowAndWhatToDo) {
  TestLines lines("/src/a.bpf.c");
  lines.Add(0, 20, "\t__u64 *hit = bpf_map_lookup_elem(&hits, &fd);");
  lines.Add(6, 21, "\treturn *hit;");
  lines.PutInto(options_);
  EXPECT_EQ(BlockOf(Join({Lookup(kHash), Load(kDW, R0, R0, 0), Exit()})),
            R"(Verification failed: Memory Safety: Missing null check

Reason:
  R0 may be null: what gave it can fail, and on this path nothing tests that.
  R0 is either null or a pointer to a value of a map (48 bytes). It was set by
  instruction 5 (a.bpf.c:20).

At:
  insn 6 @ a.bpf.c:21
    21 | return *hit;
       | ^-- error: R0 invalid mem access 'map_value_or_null'
  Instruction context:
         5 | (85) call bpf_map_lookup_elem#1
  >>>    6 | (79) r0 = *(u64 *)(r0 +0)
         7 | (95) exit

Causal path:
  a.bpf.c:20 | __u64 *hit = bpf_map_lookup_elem(&hits, &fd);
    insn 5: (85) call bpf_map_lookup_elem#1 -- R0 is set

Suggestion:
  Test the pointer before it is used: if (!pointer) return 0;

6: (79) r0 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
processed 6 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
)");
}

TEST_F(DiagnosisTest, TheCauseStandsBeforeTheBlockAndBeforeTheLastLine) {
  const std::string log = Judge(Join({Call(195896080), Return0()})).log;
  const std::string cause =
      "0: (85) call unknown#195896080\ninvalid func unknown#195896080\n";
  EXPECT_NE(log.find(cause + "\nVerification failed: "), std::string::npos);
  EXPECT_NE(log.find(cause + "processed "), std::string::npos);
  // cilium/ebpf looks at no more of the end.
  EXPECT_NE(log.substr(log.size() - 256).find(cause), std::string::npos);
}

TEST_F(DiagnosisTest, FollowsCopiesAndSpills) {
  const Code code = Join(
      {Lookup(kHash), MovReg(R6, R0), Store(kDW, R10, -16, R6), Call(kRandom),
       Load(kDW, R7, R10, -16), Load(kDW, R0, R7, 0), Exit()});
  Has(code, {"That comes from R0, which was set by instruction 5",
             "R7 is either null or",
             "insn 5: (85) call bpf_map_lookup_elem#1 -- R0 is set",
             "insn 6: (bf) r6 = r0 -- R6 is a copy",
             "insn 7: (7b) *(u64 *)(r10 -16) = r6 -- R6 is kept on the stack",
             "insn 9: (79) r7 = *(u64 *)(r10 -16) -- R7 comes back from the "
             "stack"});
}

TEST_F(DiagnosisTest, TellsWhatTheIndexIsAndWhereItIsFrom) {
  const Code code =
      Join({LookupOrExit(kHash), Load(kDW, R1, R0, 0), JumpImm(kJgt, R1, 50, 2),
            AluReg(kAdd, R0, R1), Load(kB, R0, R0, 0), MovImm(R0, 0), Exit()});
  Has(code,
      {"Memory Safety: Access beyond the end",
       "Values of this map have 48 bytes: an access of size 1 at offset 50",
       "moved by 0 to 50 bytes",
       "That comes from R1, which was set by instruction 8.",
       "insn 6: (55) if r0 != 0x0 goto pc+1 -- true, so it jumps",
       "insn 9: (25) if r1 > 0x32 goto pc+2 -- false, so it goes on",
       "insn 10: (0f) r0 += r1 -- R0 is changed"});
}

TEST_F(DiagnosisTest, FollowsValuesThroughFunctions) {
  // The callee's result is what nothing else set.
  const Code code =
      Join({CallLocal(2), Load(kDW, R0, R0, 0), Exit(), MovImm(R0, 7), Exit()});
  Has(code, {"R0 is the number 7. It was set by instruction 3."});
  const Code argument = Join({MovImm(R1, 5), CallLocal(1), Exit(),
                              MovReg(R6, R1), Load(kDW, R0, R6, 0), Exit()});
  Has(argument, {"set by instruction 0",
                 "insn 1: (85) call pc+1 -- R1 is an "
                 "argument",
                 "insn 3: (bf) r6 = r1 -- R6 is a copy"});
}

TEST_F(DiagnosisTest, SaysWhatACallDestroyed) {
  Has(Join({Call(kRandom), MovReg(R0, R3), Exit()}),
      {"R3 is used here, but nothing has set it",
       "was lost in the call of instruction 0",
       "the call leaves nothing in R3"});
}

TEST_F(DiagnosisTest, ShowsWhereTheLeakWasTaken) {
  Has(Join(
          {Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(), MovImm(R0, 0), Exit()}),
      {"Resource Lifetime: Leaked reference", "What instruction 4 took",
       "insn 4: (85) call bpf_ringbuf_reserve#131 -- took it",
       "insn 5: (55) if r0 != 0x0 goto pc+1 -- true, so it jumps"});
}

TEST_F(DiagnosisTest, WhatIsFoundBeforeTheWalkHasNoPath) {
  const std::string block = BlockOf({Goto(10), MovImm(R0, 0), Exit()});
  EXPECT_NE(block.find("At:\n  insn 0\n"), std::string::npos);
  EXPECT_EQ(block.find("Causal path:"), std::string::npos);
  EXPECT_EQ(BlockOf({CallLocal(9), MovImm(R0, 0), Exit()}).find("At:"),
            std::string::npos);
}

TEST_F(DiagnosisTest, AtMostTenStepsAreShown) {
  Code code = {Call(kRandom), MovReg(R6, R0)};
  for (int i = 0; i < 40; ++i) {
    code.push_back(JumpImm(kJeq, R6, 1000 + i, 0));
  }
  code.push_back(Load(kDW, R0, R7, 0));
  code.push_back(Exit());
  const std::string block = BlockOf(code);
  size_t steps = 0;
  const size_t end = block.find("Suggestion:");
  for (size_t at = block.find("Causal path:"); at < end; ++steps) {
    at = block.find("    insn ", at + 1);
  }
  EXPECT_EQ(steps, 11u) << block;  // and the one that is not there
  EXPECT_NE(block.find("(30 earlier branches left out)"), std::string::npos)
      << block;
}

TEST_F(DiagnosisTest, SaysWhereTheStatesPiledUp) {
  // Two ways in each round, and a number that matters.
  const Code code = Join({MovImm(R6, 0), MovImm(R7, 0), Call(kRandom),
                          JumpImm(kJeq, R0, 0, 1), AluImm(kAdd, R7, 1),
                          AluImm(kAdd, R6, 1), JumpImm(kJlt, R6, 1 << 20, -5),
                          JumpImm(kJeq, R7, 3, 0), Return0()});
  Has(code, {"Limits: ", "States piled up at instruction "});
}

TEST_F(DiagnosisTest, IsLeftOutOnRequestAndOfStatisticsAlone) {
  const Code code = {MovReg(R0, R7), Exit()};
  EXPECT_NE(BlockOf(code, kLogPath), "");
  EXPECT_NE(BlockOf(code, kLogStates), "");
  EXPECT_EQ(BlockOf(code, kLogPath | kLogBrief), "");
  EXPECT_EQ(BlockOf(code, kLogStats), "");
  EXPECT_EQ(BlockOf(Return0(), kLogPath), "");
}

// Whatever the program: it is found without a step outside of what is there
// (under sanitizers), and each refused one is explained.
TEST_F(DiagnosisTest, AnyRefusedProgramIsExplained) {
  const std::vector<Code> seeds = {
      Join({LookupOrExit(kHash), Load(kDW, R1, R0, 0), JumpImm(kJgt, R1, 50, 2),
            AluReg(kAdd, R0, R1), Load(kB, R0, R0, 0), Return0()}),
      Join({MovReg(R6, R1), Store(kDW, R10, -8, R6), MovReg(R1, R10),
            CallLocal(3), Load(kDW, R7, R10, -8), MovImm(R0, 0), Exit(),
            Load(kDW, R0, R1, -8), Load(kDW, R0, R0, 0), Exit()}),
      Join({MovImm(R1, 10), LoadFunction(R2, 6), MovImm(R3, 0), MovImm(R4, 0),
            Call(kLoop), MovImm(R0, 0), Exit(), MovImm(R0, 0), Exit()}),
      Join({Reserve(8), JumpImm(kJeq, R0, 0, 3), Release(R0), MovImm(R6, 0),
            AluImm(kAdd, R6, 1), JumpImm(kJlt, R6, 5, -2), Return0()})};
  std::minstd_rand random(1);
  unsigned refused = 0;
  for (int round = 0; round < 5'000; ++round) {
    Code code = seeds[random() % seeds.size()];
    for (unsigned changes = 1 + random() % 3; changes > 0; --changes) {
      isa::Insn& insn = code[random() % code.size()];
      switch (random() % 6) {
        case 0:
          insn.dst = random() & 15;
          break;
        case 1:
          insn.src = random() & 15;
          break;
        case 2:
          insn.offset = static_cast<int16_t>(random() % 32 - 16);
          break;
        case 3:
          insn.imm = static_cast<int32_t>(random() % 64 - 8);
          break;
        case 4:
          insn.opcode = static_cast<uint8_t>(random());
          break;
        default:
          insn = code[random() % code.size()];
      }
    }
    const Verdict verdict = Judge(code, 1 + random() % 3);
    if (verdict.status != Status::kOk) {
      ++refused;
      EXPECT_NE(verdict.log.find("Verification failed: "), std::string::npos)
          << verdict.log;
      EXPECT_EQ(verdict.log.rfind("processed "),
                verdict.log.rfind('\n', verdict.log.size() - 2) + 1);
    }
  }
  EXPECT_GT(refused, 2'500u);
}

TEST_F(DiagnosisTest, EveryExplanationIsComplete) {
  for (unsigned i = 0; i < kMessageCount; ++i) {
    const Explanation* explanation = ExplanationOf(static_cast<Message>(i));
    if (explanation != nullptr) {
      EXPECT_NE(explanation->category, Category::kNone);
      EXPECT_NE(std::string(explanation->title), "");
      EXPECT_NE(std::string(explanation->reason), "");
      EXPECT_NE(std::string(explanation->suggestion), "");
    }
  }
}

}  // namespace
}  // namespace ebpf::verifier
