// SPDX-License-Identifier: MIT
//
// What engines may rely on. testing/fuzzing checks on runs that facts hold;
// here is that they are found, and which must not be.
#include "core/verifier/facts.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class FactsTest : public VerifierTest {
 protected:
  /// Whether the upper half of what the first instruction writes is needed.
  bool NeedsUpperHalf(std::initializer_list<Part> rest) {
    Code code = {Load(kW, R6, R1, 0)};
    const Code tail = Join(rest);
    code.insert(code.end(), tail.begin(), tail.end());
    const Verdict verdict = Judge(code);
    EXPECT_EQ(verdict.status, Status::kOk) << verdict.log;
    return !verdict.facts[0].no_zero_extension;
  }
};

TEST_F(FactsTest, WhoReadsAllOfARegisterNeedsItsUpperHalf) {
  EXPECT_TRUE(NeedsUpperHalf({MovReg(R0, R6), Exit()}));
  EXPECT_TRUE(NeedsUpperHalf({Store(kDW, R10, -8, R6), Return0()}));
  EXPECT_TRUE(NeedsUpperHalf({JumpImm(kJeq, R6, 0, 0), Return0()}));
  EXPECT_TRUE(NeedsUpperHalf({AluImm(kRsh, R6, 8), Mov32Reg(R0, R6), Exit()}));
  EXPECT_TRUE(NeedsUpperHalf({AluImm(kDiv, R6, 8), Mov32Reg(R0, R6), Exit()}));
  EXPECT_TRUE(NeedsUpperHalf(
      {MovImm(R0, 7), AluReg(kMod, R0, R6), Mov32Reg(R0, R0), Exit()}));
  EXPECT_TRUE(NeedsUpperHalf({ByteSwap(R6, 64), Mov32Reg(R0, R6), Exit()}));
  EXPECT_TRUE(NeedsUpperHalf(
      {StoreImm(kDW, R10, -8, 0), Atomic(kDW, kAdd, R10, -8, R6), Return0()}));
}

TEST_F(FactsTest, WhoReadsTheLowHalfDoesNot) {
  EXPECT_FALSE(NeedsUpperHalf({Return0()}));
  EXPECT_FALSE(NeedsUpperHalf({Mov32Reg(R0, R6), Exit()}));
  EXPECT_FALSE(NeedsUpperHalf({Store(kW, R10, -8, R6), Return0()}));
  EXPECT_FALSE(NeedsUpperHalf({Jump32Imm(kJeq, R6, 0, 0), Return0()}));
  EXPECT_FALSE(NeedsUpperHalf({ByteSwap(R6, 32), MovReg(R0, R6), Exit()}));
  EXPECT_FALSE(
      NeedsUpperHalf({AluReg(kMov, R0, R6, 32), Exit()}));  // r0 = (s32)r6
  EXPECT_FALSE(NeedsUpperHalf({MovImm(R0, 1), AluReg(kLsh, R0, R6), Exit()}));
  EXPECT_FALSE(NeedsUpperHalf(
      {StoreImm(kDW, R10, -8, 0), Atomic(kW, kAdd, R10, -8, R6), Return0()}));
}

TEST_F(FactsTest, UpperHalvesCarryThroughSumsAndCopies) {
  EXPECT_FALSE(NeedsUpperHalf({MovReg(R7, R6), AluReg(kAdd, R7, R6),
                               AluImm(kMul, R7, 3), Mov32Reg(R0, R7), Exit()}));
  EXPECT_TRUE(NeedsUpperHalf(
      {MovReg(R7, R6), AluReg(kAdd, R7, R6), MovReg(R0, R7), Exit()}));
  EXPECT_TRUE(NeedsUpperHalf({MovReg(R7, R6), AluImm(kAdd, R7, 1),
                              JumpImm(kJeq, R7, 0, 0), Return0()}));
}

TEST_F(FactsTest, APointersOffsetIsReadWhole) {
  EXPECT_TRUE(
      NeedsUpperHalf({LookupOrExit(kArray), AluImm(kAnd, R6, 7),
                      AluReg(kAdd, R0, R6), Load(kB, R0, R0, 0), Exit()}));
}

TEST_F(FactsTest, CallsReadTheirArguments) {
  EXPECT_TRUE(NeedsUpperHalf({MovReg(R1, R6), CallLocal(2), MovImm(R0, 0),
                              Exit(), Mov32Reg(R0, R1), Exit()}));
  EXPECT_TRUE(NeedsUpperHalf(
      {LoadMap(R1, kRing), MovReg(R2, R6), Call(kRingQuery), Return0()}));
  EXPECT_FALSE(NeedsUpperHalf({MovReg(R1, R6), Call(kRandom), Return0()}));
}

TEST_F(FactsTest, ACallersRegistersWaitForIt) {
  EXPECT_TRUE(NeedsUpperHalf({MovImm(R1, 0), CallLocal(2), MovReg(R0, R6),
                              Exit(), MovImm(R6, 0), MovImm(R0, 0), Exit()}));
  EXPECT_FALSE(NeedsUpperHalf({MovImm(R1, 0), CallLocal(2), Mov32Reg(R0, R6),
                               Exit(), MovImm(R6, 0), MovReg(R0, R6), Exit()}));
}

TEST_F(FactsTest, LoopsAreFollowed) {
  // r7 += r6 each time around; read whole, or not, behind the loop.
  for (const bool whole : {false, true}) {
    const Verdict verdict = Judge(Join(
        {Load(kW, R6, R1, 0), MovImm(R7, 0), MovImm(R8, 0), MovReg(R9, R7),
         AluReg(kAdd, R7, R6), AluImm(kAdd, R8, 1), JumpImm(kJlt, R8, 4, -4),
         whole ? MovReg(R0, R9) : Mov32Reg(R0, R9), Exit()}));
    ASSERT_EQ(verdict.status, Status::kOk) << verdict.log;
    EXPECT_EQ(verdict.facts[0].no_zero_extension, !whole);
  }
}

TEST_F(FactsTest, WideWritesHaveNoUpperHalfToLeaveOut) {
  const Verdict verdict =
      Judge({Load(kDW, R6, R1, 0), MovImm(R7, 1), LoadSigned(kW, R8, R10, -8),
             MovImm(R0, 0), Exit()});
  options_.allow_uninitialized_stack = true;
  for (const InsnFacts& facts : verdict.facts) {
    EXPECT_FALSE(facts.no_zero_extension);
  }
}

TEST_F(FactsTest, DecidedJumpsAreTold) {
  const Verdict verdict =
      Judge({MovImm(R0, 1), JumpImm(kJne, R0, 0, 1), MovImm(R0, 2),
             JumpImm(kJeq, R0, 5, 1), Load(kDW, R0, R1, 0),
             JumpImm(kJeq, R0, 5, 0), Exit()});
  ASSERT_EQ(verdict.status, Status::kOk) << verdict.log;
  EXPECT_TRUE(verdict.facts[1].always_jumps);
  EXPECT_FALSE(verdict.facts[1].never_jumps);
  EXPECT_TRUE(verdict.facts[2].never_reached);
  EXPECT_TRUE(verdict.facts[3].never_jumps);
  EXPECT_FALSE(verdict.facts[3].always_jumps);
  EXPECT_FALSE(verdict.facts[5].always_jumps || verdict.facts[5].never_jumps);
}

TEST_F(FactsTest, AJumpThatGoesBothWaysOnDifferentPathsIsNotDecided) {
  const Verdict verdict =
      Judge({Load(kDW, R2, R1, 0), MovImm(R0, 0), JumpImm(kJeq, R2, 0, 1),
             MovImm(R0, 1), JumpImm(kJeq, R0, 0, 0), Exit()});
  ASSERT_EQ(verdict.status, Status::kOk) << verdict.log;
  EXPECT_FALSE(verdict.facts[4].always_jumps || verdict.facts[4].never_jumps);
}

}  // namespace
}  // namespace ebpf::verifier
