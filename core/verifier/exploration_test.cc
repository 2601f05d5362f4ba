// SPDX-License-Identifier: MIT
//
// Loops, limits, and pruning that must not hide a mistake.
#include "core/verifier/exploration.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class ExplorationTest : public VerifierTest {};

TEST_F(ExplorationTest, BoundedLoopsAreWalkedToTheirEnd) {
  Accepts({MovImm(R6, 0), AluImm(kAdd, R6, 1), JumpImm(kJlt, R6, 100, -2),
           Return0()});
  const Verdict verdict =
      Judge(Join({MovImm(R6, 0), AluImm(kAdd, R6, 1),
                  JumpImm(kJlt, R6, 10000, -2), Return0()}));
  EXPECT_EQ(verdict.status, Status::kOk);
  EXPECT_GE(verdict.stats.insns_processed, 20000u);
}

TEST_F(ExplorationTest, LoopsBoundedByAnUnknownNumberAreWalked) {
  Accepts({Load(kDW, R7, R1, 0), AluImm(kAnd, R7, 31), MovImm(R6, 0),
           JumpReg(kJge, R6, R7, 2), AluImm(kAdd, R6, 1), Goto(-3), Return0()});
}

TEST_F(ExplorationTest, LoopsOverMapValuesStayInBounds) {
  const auto loop = [](int count) {
    return Join({LoadMapValue(R7, kArray), MovImm(R6, 0), MovReg(R8, R7),
                 AluReg(kAdd, R8, R6), StoreImm(kB, R8, 0, 1),
                 AluImm(kAdd, R6, 1), JumpImm(kJlt, R6, count, -5), Return0()});
  };
  Accepts(loop(16));
  Rejects(loop(17), Status::kAccess,
          "invalid access to map value, value_size=16 off=16 size=1");
}

TEST_F(ExplorationTest, EndlessLoopsAreRefused) {
  Rejects({Goto(-1), Return0()}, Status::kInvalid, "unreachable insn 1");
  Rejects({MovImm(R0, 0), Goto(-1)}, Status::kInvalid,
          "infinite loop detected at insn 1");
  Rejects({MovImm(R0, 0), JumpImm(kJeq, R0, 0, -1), Exit()}, Status::kInvalid,
          "infinite loop detected at insn 1");
  Rejects({Load(kDW, R6, R1, 0), JumpImm(kJeq, R6, 0, -1), Return0()},
          Status::kInvalid, "infinite loop detected at insn 1");
  Rejects({Call(kRandom), JumpImm(kJne, R0, 0, -2), Exit()}, Status::kInvalid,
          "infinite loop detected at insn 0", OnLinux::kOtherText);
}

TEST_F(ExplorationTest, EndlessLoopsOfTwoFunctionsAreRefused) {
  Rejects({CallLocal(2), MovImm(R0, 0), Exit(), MovImm(R0, 0), Goto(-2)},
          Status::kInvalid, "infinite loop detected at insn 3");
}

TEST_F(ExplorationTest, LoopsThatOnlyGrowAreTooLarge) {
  Rejects(
      {MovImm(R6, 0), AluImm(kAdd, R6, 1), JumpImm(kJne, R6, 0, -2), Return0()},
      Status::kTooBig, "BPF program is too large. Processed 1000001 insn");
}

TEST_F(ExplorationTest, ProgramsOfTooManyPathsAreRefused) {
  // 10 000 undecided jumps, none of which ends its path.
  Code code = {Load(kDW, R6, R1, 0)};
  for (int i = 0; i < 9000; ++i) {
    code.push_back(JumpImm(kJeq, R6, 1000 + i, 0));
    code.push_back(Load(kDW, R6, R1, 0));
    code[0] = Load(kDW, R6, R1, 0);
    code.push_back(MovReg(R7, R1));
    code.push_back(MovReg(R1, R7));
  }
  const Verdict verdict = Judge(Join({code, Return0()}));
  EXPECT_EQ(verdict.status, Status::kTooBig);
  EXPECT_TRUE(
      HasLine(verdict.log, "The sequence of 8192 jumps is too complex."));
}

TEST_F(ExplorationTest, PathsThatMeetAreWalkedOnce) {
  // 2^40 paths, were it not for that.
  Code code = {Load(kDW, R6, R1, 0)};
  for (int i = 0; i < 40; ++i) {
    code.push_back(JumpImm(kJset, R6, 1 << (i % 31), 1));
    code.push_back(MovImm(R2, i));
    for (int j = 0; j < 4; ++j) {
      code.push_back(Load(kDW, R6, R1, 8));
    }
  }
  const Verdict verdict = Judge(Join({code, Return0()}));
  EXPECT_EQ(verdict.status, Status::kOk) << verdict.log;
  EXPECT_LT(verdict.stats.insns_processed, 1000u);
}

TEST_F(ExplorationTest, PruningSeesTheDifferenceThatMatters) {
  // r6 is 0 on the path that is walked first and 100 on the other; the paths
  // meet, and only the second leaves the value.
  const auto joined = [](int other) {
    Code filler;
    for (int i = 0; i < 10; ++i) {
      filler.push_back(Load(kDW, R3, R9, 0));
    }
    return Join({MovReg(R9, R1), Load(kDW, R7, R9, 0), MovImm(R6, 0),
                 JumpImm(kJeq, R7, 0, 2), filler[0], Goto(1), MovImm(R6, other),
                 filler, LoadMapValue(R8, kArray), AluReg(kAdd, R8, R6),
                 Load(kB, R0, R8, 0), Exit()});
  };
  Accepts(joined(15));
  Rejects(joined(100), Status::kAccess,
          "invalid access to map value, value_size=16 off=100 size=1");
}

TEST_F(ExplorationTest, PruningSeesTypesAndNulls) {
  Code filler;
  for (int i = 0; i < 10; ++i) {
    filler.push_back(MovImm(R3, i));
  }
  // r6 is a map's value, or null, on two paths that meet.
  Rejects({MovReg(R9, R1), LookupOrExit(kArray), MovReg(R6, R0),
           Load(kDW, R7, R9, 0), JumpImm(kJeq, R7, 0, 2), filler[0], Goto(1),
           MovImm(R6, 0), filler, Goto(0), filler, Load(kB, R0, R6, 0), Exit()},
          Status::kAccess, "R6 invalid mem access 'scalar'");
}

TEST_F(ExplorationTest, PruningSeesTheStack) {
  Code filler;
  for (int i = 0; i < 10; ++i) {
    filler.push_back(MovImm(R3, i));
  }
  Rejects(
      {StoreImm(kDW, R10, -8, 1), Load(kDW, R7, R1, 0), JumpImm(kJeq, R7, 0, 2),
       Store(kDW, R10, -8, R1), Goto(1), Store(kDW, R10, -8, R7), filler,
       Goto(0), filler, Load(kDW, R6, R10, -8), Load(kDW, R0, R6, 0), Exit()},
      Status::kAccess, "R6 invalid mem access 'scalar'");
}

// CVE-2023-2163 and its kin: two copies of a number are one only where the
// path made them so.
TEST_F(ExplorationTest, PruningSeesLinksBetweenNumbers) {
  Code filler;
  for (int i = 0; i < 10; ++i) {
    filler.push_back(MovImm(R3, i));
  }
  const auto with = [&](const isa::Insn& second) {
    return Join({Load(kDW, R6, R1, 0), Load(kDW, R8, R1, 8),
                 Load(kDW, R5, R1, 16), JumpImm(kJeq, R5, 0, 2), MovReg(R7, R6),
                 Goto(1), second, filler, Goto(0), filler,
                 JumpImm(kJlt, R6, 16, 2), MovImm(R0, 0), Exit(),
                 LoadMapValue(R9, kArray), AluReg(kAdd, R9, R7),
                 Load(kB, R0, R9, 0), Exit()});
  };
  Accepts(with(MovReg(R7, R6)));
  Rejects(with(MovReg(R7, R8)), Status::kInvalid,
          "math between map_value pointer and register with unbounded min "
          "value is not allowed");
}

TEST_F(ExplorationTest, PruningSeesHeldReferences) {
  Code filler;
  for (int i = 0; i < 10; ++i) {
    filler.push_back(MovImm(R3, i));
  }
  // The record is given back on one path only; r0 is dead where they meet.
  Rejects({MovReg(R6, R1), Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(),
           Load(kDW, R7, R6, 0), JumpImm(kJeq, R7, 0, 4), Release(R0), Goto(0),
           filler, Return0()},
          Status::kInvalid, "Unreleased reference id=2 alloc_insn=5");
}

TEST_F(ExplorationTest, DeadRegistersDoNotMatter) {
  // r6 differs on all paths, and nobody reads it.
  Code code;
  for (int i = 0; i < 16; ++i) {
    code = Join({code, Load(kDW, R7, R1, 0), JumpImm(kJset, R7, 1 << i, 1),
                 MovImm(R6, i), MovReg(R8, R7), MovReg(R8, R7), MovReg(R8, R7),
                 MovReg(R8, R7)});
  }
  const Verdict verdict = Judge(Join({code, Return0()}));
  EXPECT_EQ(verdict.status, Status::kOk);
  EXPECT_LT(verdict.stats.insns_processed, 1000u);
}

TEST_F(ExplorationTest, LogTellsWherePathsBeginAndEnd) {
  const Verdict verdict =
      Judge(Join({Load(kDW, R6, R1, 0), JumpImm(kJeq, R6, 7, 2), Return0(),
                  Load(kDW, R0, R6, 0), Exit()}),
            kLogPath | kLogBrief);
  EXPECT_TRUE(HasLine(verdict.log, "4: R1=ctx() R6_w=7 R10=fp0"))
      << verdict.log;
  // The path that went well is not of interest, unless level 2 asks.
  EXPECT_EQ(verdict.log.find("exit"), std::string::npos);
  const Verdict all = Judge(Join({Load(kDW, R6, R1, 0), JumpImm(kJeq, R6, 7, 2),
                                  Return0(), Load(kDW, R0, R6, 0), Exit()}),
                            kLogStates);
  EXPECT_NE(all.log.find("(95) exit"), std::string::npos);
  EXPECT_TRUE(HasLine(all.log, "from 1 to 4: R1=ctx() R6_w=7 R10=fp0"))
      << all.log;
}

}  // namespace
}  // namespace ebpf::verifier
