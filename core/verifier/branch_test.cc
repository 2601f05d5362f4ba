// SPDX-License-Identifier: MIT
//
// Each condition, with constants and registers, in 64 and 32 bits: what its
// sides know, and which of them are walked.
#include "core/verifier/branch.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

/// r6 = the address of a value of 16 bytes, r7 and r8 unknown numbers.
class BranchTest : public VerifierTest {
 protected:
  Code WithNumbers(const Code& code) {
    return Join({MovReg(R9, R1), LookupOrExit(kArray), MovReg(R6, R0),
                 Load(kDW, R7, R9, 0), Load(kDW, R8, R9, 8), code});
  }
  /// Reads the byte at r6 + r7 if the condition holds.
  Code ReadIf(const isa::Insn& jump) {
    isa::Insn over = jump;
    over.offset = 2;
    return WithNumbers(Join({over, Return0(), AluReg(kAdd, R6, R7),
                             Load(kB, R0, R6, 0), Return0()}));
  }
  /// ... if it does not.
  Code ReadUnless(const isa::Insn& jump) {
    isa::Insn over = jump;
    over.offset = 4;
    return WithNumbers(Join({over, AluReg(kAdd, R6, R7), Load(kB, R0, R6, 0),
                             Return0(), Return0()}));
  }
};

TEST_F(BranchTest, UnsignedConditionsBound) {
  Accepts(ReadIf(JumpImm(kJlt, R7, 16, 0)));
  Accepts(ReadIf(JumpImm(kJle, R7, 15, 0)));
  Accepts(ReadIf(JumpImm(kJeq, R7, 3, 0)));
  Accepts(ReadUnless(JumpImm(kJgt, R7, 15, 0)));
  Accepts(ReadUnless(JumpImm(kJge, R7, 16, 0)));
  Accepts(ReadUnless(JumpImm(kJne, R7, 3, 0)));
  const std::string outside =
      "R6 max value is outside of the allowed memory range";
  Rejects(ReadIf(JumpImm(kJlt, R7, 17, 0)), Status::kAccess, outside);
  Rejects(ReadIf(JumpImm(kJle, R7, 16, 0)), Status::kAccess, outside);
  Rejects(ReadUnless(JumpImm(kJgt, R7, 16, 0)), Status::kAccess, outside);
  Rejects(ReadUnless(JumpImm(kJge, R7, 17, 0)), Status::kAccess, outside);
}

TEST_F(BranchTest, TheWrongSideKnowsNothing) {
  const std::string unbounded =
      "math between map_value pointer and register with unbounded min value "
      "is not allowed";
  Rejects(ReadUnless(JumpImm(kJlt, R7, 16, 0)), Status::kInvalid, unbounded);
  Rejects(ReadUnless(JumpImm(kJeq, R7, 16, 0)), Status::kInvalid, unbounded);
  Rejects(ReadIf(JumpImm(kJne, R7, 16, 0)), Status::kInvalid, unbounded);
}

TEST_F(BranchTest, OneSignedBoundIsNotEnough) {
  Rejects(ReadIf(JumpImm(kJslt, R7, 16, 0)), Status::kInvalid,
          "math between map_value pointer and register with unbounded min "
          "value is not allowed");
  Rejects(ReadIf(JumpImm(kJsgt, R7, -1, 0)), Status::kAccess,
          "R6 unbounded memory access, make sure to bounds check any such "
          "access");
}

TEST_F(BranchTest, TwoSignedBoundsAre) {
  for (bool with_equal : {false, true}) {
    const isa::Insn below =
        with_equal ? JumpImm(kJsle, R7, 15, 2) : JumpImm(kJslt, R7, 16, 2);
    const isa::Insn above =
        with_equal ? JumpImm(kJsge, R7, 0, 2) : JumpImm(kJsgt, R7, -1, 2);
    Accepts(WithNumbers(
        Join({below, Return0(), above, Return0(), AluReg(kAdd, R6, R7),
              Load(kB, R0, R6, 0), Return0()})));
  }
}

TEST_F(BranchTest, RegistersBoundEachOther) {
  Accepts(WithNumbers(
      Join({AluImm(kAnd, R8, 15), JumpReg(kJle, R7, R8, 2), Return0(),
            AluReg(kAdd, R6, R7), Load(kB, R0, R6, 0), Return0()})));
  Accepts(WithNumbers(
      Join({AluImm(kAnd, R8, 15), JumpReg(kJge, R8, R7, 2), Return0(),
            AluReg(kAdd, R6, R7), Load(kB, R0, R6, 0), Return0()})));
  Accepts(WithNumbers(
      Join({AluImm(kAnd, R8, 15), JumpReg(kJeq, R8, R7, 2), Return0(),
            AluReg(kAdd, R6, R7), Load(kB, R0, R6, 0), Return0()})));
  Rejects(WithNumbers(
              Join({AluImm(kAnd, R8, 15), JumpReg(kJge, R7, R8, 2), Return0(),
                    AluReg(kAdd, R6, R7), Load(kB, R0, R6, 0), Return0()})),
          Status::kInvalid,
          "math between map_value pointer and register with unbounded min "
          "value is not allowed");
}

TEST_F(BranchTest, ThirtyTwoBitConditionsLeaveTheUpperHalf) {
  // CVE-2020-8835
  Rejects(ReadIf(Jump32Imm(kJlt, R7, 16, 0)), Status::kInvalid,
          "math between map_value pointer and register with unbounded min "
          "value is not allowed");
  Rejects(ReadIf(Jump32Imm(kJeq, R7, 1, 0)), Status::kInvalid,
          "value -9223372036854775807 makes map_value pointer be out of "
          "bounds");
  Accepts(WithNumbers(
      Join({Mov32Reg(R7, R7), Jump32Imm(kJlt, R7, 16, 2), Return0(),
            AluReg(kAdd, R6, R7), Load(kB, R0, R6, 0), Return0()})));
  Accepts(WithNumbers(
      Join({Jump32Imm(kJlt, R7, 16, 2), Return0(), Mov32Reg(R7, R7),
            AluReg(kAdd, R6, R7), Load(kB, R0, R6, 0), Return0()})));
}

TEST_F(BranchTest, TestedBitsAreKnown) {
  Accepts(ReadUnless(JumpImm(kJset, R7, -16, 0)));
  Rejects(ReadUnless(JumpImm(kJset, R7, -32, 0)), Status::kAccess,
          "R6 max value is outside of the allowed memory range");
}

TEST_F(BranchTest, CopiesAreLearntOfTogether) {
  Accepts(WithNumbers(
      Join({MovReg(R2, R7), JumpImm(kJlt, R2, 16, 2), Return0(),
            AluReg(kAdd, R6, R7), Load(kB, R0, R6, 0), Return0()})));
  // Through the stack as well.
  Accepts(WithNumbers(
      Join({Store(kDW, R10, -16, R7), JumpImm(kJlt, R7, 16, 2), Return0(),
            Load(kDW, R2, R10, -16), AluReg(kAdd, R6, R2), Load(kB, R0, R6, 0),
            Return0()})));
  // No longer a copy.
  Rejects(
      WithNumbers(Join({MovReg(R2, R7), AluImm(kXor, R2, 1),
                        JumpImm(kJlt, R2, 16, 2), Return0(),
                        AluReg(kAdd, R6, R7), Load(kB, R0, R6, 0), Return0()})),
      Status::kInvalid,
      "math between map_value pointer and register with unbounded min "
      "value is not allowed",
      OnLinux::kOtherText);
}

TEST_F(BranchTest, WhatDiffersByAConstantIsLearntOfTogether) {
  const auto program = [&](int more, int limit) {
    return WithNumbers(Join({MovReg(R2, R7), AluImm(kAdd, R2, more),
                             JumpImm(kJgt, R7, limit, 3), AluReg(kAdd, R6, R2),
                             Load(kB, R0, R6, 0), Goto(0), Return0()}));
  };
  Accepts(program(1, 14));
  Rejects(program(2, 14), Status::kAccess,
          "R6 max value is outside of the allowed memory range");
  // r2 < 16 says of r7 = r2 - 1 that it may be -1.
  Rejects(
      WithNumbers(Join({MovReg(R2, R7), AluImm(kAdd, R2, 1),
                        JumpImm(kJlt, R2, 16, 2), Return0(),
                        AluReg(kAdd, R6, R7), Load(kB, R0, R6, 0), Return0()})),
      Status::kAccess,
      "R6 min value is negative, either use unsigned index or do a if (index "
      ">=0) check.");
}

TEST_F(BranchTest, DifferencesOfStatesAreNotForgotten) {
  // r1 is r0 + 1 or r0 + 100, and r0 is at most 8.
  options_.frequent_states = true;
  Rejects(WithNumbers(Join(
              {MovReg(R1, R7), JumpImm(kJgt, R8, 5, 2), AluImm(kAdd, R1, 1),
               Goto(2), AluImm(kAdd, R1, 100), Goto(0), JumpImm(kJgt, R7, 8, 2),
               AluReg(kAdd, R6, R1), Load(kB, R0, R6, 0), Return0()})),
          Status::kAccess,
          "R6 min value is outside of the allowed memory range");
}

// The spilled-scalar-id mistake of 2024: a narrower store is no copy.
TEST_F(BranchTest, TruncatedCopiesAreNotLearntOfTogether) {
  Rejects(
      WithNumbers(Join({Store(kW, R10, -16, R7), Load(kW, R2, R10, -16),
                        JumpImm(kJlt, R2, 16, 2), Return0(),
                        AluReg(kAdd, R6, R7), Load(kB, R0, R6, 0), Return0()})),
      Status::kInvalid,
      "math between map_value pointer and register with unbounded min "
      "value is not allowed");
  Rejects(
      WithNumbers(Join({Mov32Reg(R2, R7), JumpImm(kJlt, R2, 16, 2), Return0(),
                        AluReg(kAdd, R6, R7), Load(kB, R0, R6, 0), Return0()})),
      Status::kInvalid,
      "math between map_value pointer and register with unbounded min "
      "value is not allowed");
}

TEST_F(BranchTest, DecidedJumpsHaveOneSide) {
  // r2, never written, is read on the other side.
  const auto decided = [](const isa::Insn& jump) {
    return Join({MovImm(R6, 5), MovImm(R7, 7), jump, MovReg(R0, R2), Exit(),
                 Return0()});
  };
  const auto undecided = [](const isa::Insn& jump) {
    return Join({MovImm(R6, 5), MovImm(R7, 7), jump, Return0(), MovReg(R0, R2),
                 Exit()});
  };
  for (const isa::Insn& taken :
       {JumpImm(kJeq, R6, 5, 2), JumpImm(kJne, R6, 4, 2),
        JumpImm(kJlt, R6, 6, 2), JumpImm(kJle, R6, 5, 2),
        JumpImm(kJgt, R6, 4, 2), JumpImm(kJge, R6, 5, 2),
        JumpImm(kJslt, R6, 6, 2), JumpImm(kJsle, R6, 5, 2),
        JumpImm(kJsgt, R6, -1, 2), JumpImm(kJsge, R6, 5, 2),
        JumpImm(kJset, R6, 4, 2), JumpReg(kJlt, R6, R7, 2),
        JumpReg(kJgt, R7, R6, 2), Jump32Imm(kJeq, R6, 5, 2),
        Jump32Reg(kJsle, R6, R7, 2)}) {
    Accepts(decided(taken));
    Rejects(undecided(taken), Status::kAccess, "R2 !read_ok");
  }
  for (const isa::Insn& not_taken :
       {JumpImm(kJeq, R6, 6, 2), JumpImm(kJne, R6, 5, 2),
        JumpImm(kJlt, R6, 5, 2), JumpImm(kJset, R6, 2, 2),
        JumpReg(kJgt, R6, R7, 2), Jump32Imm(kJge, R6, 6, 2)}) {
    Accepts(undecided(not_taken));
    Rejects(decided(not_taken), Status::kAccess, "R2 !read_ok");
  }
}

TEST_F(BranchTest, ReadsNeedWrittenRegisters) {
  Rejects({JumpImm(kJeq, R3, 0, 0), Return0()}, Status::kAccess, "R3 !read_ok");
  Rejects({JumpReg(kJeq, R1, R3, 0), Return0()}, Status::kAccess,
          "R3 !read_ok");
}

TEST_F(BranchTest, NullChecksWorkBothWays) {
  Accepts({Lookup(kArray), JumpImm(kJeq, R0, 0, 1), Load(kDW, R1, R0, 0),
           Return0()});
  Accepts({Lookup(kArray), JumpImm(kJne, R0, 0, 2), Return0(),
           Load(kDW, R1, R0, 0), Return0()});
  Rejects({Lookup(kArray), JumpImm(kJeq, R0, 0, 2), Return0(),
           Load(kDW, R1, R0, 0), Return0()},
          Status::kAccess, "R0 invalid mem access 'scalar'");
}

TEST_F(BranchTest, NullIsCheckedInAllBits) {
  Rejects({Lookup(kArray), Jump32Imm(kJeq, R0, 0, 1), Load(kDW, R1, R0, 0),
           Return0()},
          Status::kAccess, "R0 invalid mem access 'map_value_or_null'");
  Rejects({Lookup(kArray), JumpImm(kJgt, R0, 0, 2), Return0(),
           Load(kDW, R1, R0, 0), Return0()},
          Status::kAccess, "R0 invalid mem access 'map_value_or_null'");
  Rejects({Lookup(kArray), JumpImm(kJeq, R0, 1, 1), Load(kDW, R1, R0, 0),
           Return0()},
          Status::kAccess, "R0 invalid mem access 'map_value_or_null'");
}

TEST_F(BranchTest, NullMayBeInARegister) {
  // Linux takes for a check only one with an immediate 0.
  const auto check = [](const Code& zero, const isa::Insn& jump) {
    return Join({Lookup(kArray), zero, jump, Load(kDW, R1, R0, 0), Return0()});
  };
  const Code zero = {MovImm(R6, 0)};
  Accepts(check(zero, JumpReg(kJeq, R0, R6, 1)), OnLinux::kRefuses);
  Accepts({Lookup(kArray), zero, JumpReg(kJne, R0, R6, 2), Return0(),
           Load(kDW, R1, R0, 0), Return0()},
          OnLinux::kRefuses);
  const std::string text = "R0 invalid mem access 'map_value_or_null'";
  Rejects(check(zero, Jump32Reg(kJeq, R0, R6, 1)), Status::kAccess, text);
  Rejects(check(zero, JumpReg(kJgt, R6, R0, 1)), Status::kAccess, text);
  Rejects(check({MovImm(R6, 1)}, JumpReg(kJeq, R0, R6, 1)), Status::kAccess,
          text);
  Rejects(check({Load(kDW, R6, R10, -8)}, JumpReg(kJne, R0, R6, 1)),
          Status::kAccess, "R0 invalid mem access 'scalar'",
          OnLinux::kOtherText);
  // It has to be 0 on each path, also on the second one, which is compared with
  // the state that the first one has left.
  const Code on(10, MovImm(R3, 0));
  Rejects({Load(kDW, R7, R1, 0), MovImm(R6, 0), JumpImm(kJeq, R7, 0, 1),
           Goto(1), MovImm(R6, 1), on, Goto(0), on, Lookup(kArray),
           JumpReg(kJeq, R0, R6, 1), Load(kDW, R1, R0, 0), Return0()},
          Status::kAccess, text);
}

TEST_F(BranchTest, CopiesOfAPointerAreCheckedTogether) {
  Accepts({Lookup(kArray), MovReg(R6, R0), Store(kDW, R10, -16, R0),
           JumpImm(kJne, R0, 0, 1), Exit(), Load(kDW, R1, R6, 0),
           Load(kDW, R7, R10, -16), Load(kDW, R1, R7, 8), Return0()});
  // Two lookups are two pointers.
  Rejects({Lookup(kArray), MovReg(R6, R0), Lookup(kArray),
           JumpImm(kJne, R0, 0, 1), Exit(), Load(kDW, R1, R6, 0), Return0()},
          Status::kAccess, "R6 invalid mem access 'map_value_or_null'");
}

TEST_F(BranchTest, KnownPointersAreNotNull) {
  Accepts({LookupOrExit(kArray), JumpImm(kJne, R0, 0, 2), MovReg(R0, R3),
           Exit(), Return0()});
}

TEST_F(BranchTest, PointersAreComparedLikeNumbers) {
  Accepts({JumpReg(kJgt, R1, R10, 0), Return0()});
  Accepts({JumpImm(kJlt, R10, 100, 0), Return0()});
  Accepts({Jump32Reg(kJeq, R1, R10, 0), Return0()});
}

TEST_F(BranchTest, TheSameRegisterIsComparedWithItself) {
  Accepts(WithNumbers(Join({JumpReg(kJne, R7, R7, 2), Return0(), Return0()})));
}

TEST_F(BranchTest, LowerHalvesTellThatNumbersDiffer) {
  // The lower half is below 9, which no bit tells of 12.
  const Code never = {MovReg(R0, R2), Exit()};
  const Code small = Join({Jump32Imm(kJlt, R7, 9, 2), Return0()});
  Accepts(
      WithNumbers(Join({small, JumpImm(kJne, R7, 12, 2), never, Return0()})));
  Accepts(
      WithNumbers(Join({small, JumpImm(kJeq, R7, 12, 2), Return0(), never})));
  Rejects(WithNumbers(Join({small, JumpImm(kJeq, R7, 7, 2), Return0(), never})),
          Status::kAccess, "R2 !read_ok");
}

TEST_F(BranchTest, SidesForWhichNoNumberIsLeftAreWalkedAllTheSame) {
  // A multiple of 256 that is not 0 is not below 16.
  Rejects(WithNumbers(Join({AluImm(kAnd, R7, 0xff00), JumpImm(kJne, R7, 0, 2),
                            Return0(), JumpImm(kJlt, R7, 16, 2), Return0(),
                            MovReg(R0, R2), Exit()})),
          Status::kAccess, "R2 !read_ok");
}

/// r6 = what may be null, r0 = a value of the same map that is there.
Code MaybeAndSure() {
  return Join({Lookup(kArray), MovReg(R6, R0), LookupOrExit(kArray)});
}

TEST_F(BranchTest, WhatEqualsAPointerIsNotNull) {
  Accepts({MaybeAndSure(), JumpReg(kJne, R6, R0, 1), Load(kDW, R1, R6, 0),
           Return0()});
  Accepts({MaybeAndSure(), JumpReg(kJne, R0, R6, 1), Load(kDW, R1, R6, 0),
           Return0()});
  Accepts({MaybeAndSure(), JumpReg(kJeq, R0, R6, 2), Return0(),
           Load(kDW, R1, R6, 0), Return0()});
}

TEST_F(BranchTest, WhatDiffersFromAPointerMayBeNull) {
  const std::string text = "R6 invalid mem access 'map_value_or_null'";
  Rejects({MaybeAndSure(), JumpReg(kJeq, R6, R0, 1), Load(kDW, R1, R6, 0),
           Return0()},
          Status::kAccess, text);
  Rejects({MaybeAndSure(), JumpReg(kJne, R6, R0, 2), Return0(),
           Load(kDW, R1, R6, 0), Return0()},
          Status::kAccess, text);
  for (const JumpCode code : {kJgt, kJlt, kJset, kJsge}) {
    Rejects({MaybeAndSure(), JumpReg(code, R6, R0, 1), Load(kDW, R1, R6, 0),
             Return0()},
            Status::kAccess, text);
  }
}

TEST_F(BranchTest, TwoThatMayBeNullTellNothingOfEachOther) {
  Rejects({Lookup(kArray), MovReg(R6, R0), Lookup(kArray),
           JumpReg(kJne, R6, R0, 1), Load(kDW, R1, R6, 0), Return0()},
          Status::kAccess, "R6 invalid mem access 'map_value_or_null'");
}

TEST_F(BranchTest, HalvesOfPointersTellNothing) {
  Rejects({MaybeAndSure(), Jump32Reg(kJne, R6, R0, 1), Load(kDW, R1, R6, 0),
           Return0()},
          Status::kAccess, "R6 invalid mem access 'map_value_or_null'");
}

}  // namespace
}  // namespace ebpf::verifier
