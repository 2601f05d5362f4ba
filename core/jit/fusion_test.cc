// SPDX-License-Identifier: MIT
#include "core/jit/fusion.h"

#include "core/jit/test_program.h"
#include "gtest/gtest.h"

namespace ebpf::jit {
namespace {

using isa::Operation;
using Kind = MacroOp::Kind;

constexpr Capabilities kEverything = {
    .can_address = [](const machine::Address&, unsigned) { return true; },
    .can_load_address = [](const machine::Address&) { return true; },
    .memory_operands = true,
    .shifted_operands = false,
    .conditional_move = true,
    .swapped_loads = 16 | 32 | 64};

MacroOp MatchAt(const std::vector<isa::Insn>& insns, size_t index,
                const Capabilities& has = kEverything) {
  Analyzed program(insns);
  EXPECT_EQ(program.status(), Status::kOk);
  Matcher matcher(
      program.insns(),
      Span<const InsnState>(program.states().data(), program.states().size()),
      has);
  return matcher.Match(index, true);
}

TEST(FusionTest, AMoveAndAnOperationAreOneOfThreeOperands) {
  const MacroOp found = MatchAt(
      {Make(Op::kMov64Reg, 0, 1), Make(Op::kXor64Reg, 0, 2), Exit()}, 0);
  EXPECT_EQ(found.kind, Kind::kAlu);
  EXPECT_EQ(found.count, 2);
  EXPECT_EQ(found.op, Operation::kXor);
  EXPECT_EQ(found.dst, 0);
  EXPECT_EQ(found.lhs, 1);
  EXPECT_EQ(found.rhs.reg, 2);
}

TEST(FusionTest, AnOperationOfARegisterWithItselfTakesTheMovesSource) {
  const MacroOp found = MatchAt(
      {Make(Op::kMov64Reg, 0, 1), Make(Op::kMul64Reg, 0, 0), Exit()}, 0);
  EXPECT_EQ(found.kind, Kind::kAlu);
  EXPECT_EQ(found.rhs.reg, 1);
}

TEST(FusionTest, WidthsThatDifferAreNotJoined) {
  EXPECT_EQ(
      MatchAt({Make(Op::kMov32Reg, 0, 1), Make(Op::kXor64Reg, 0, 2), Exit()}, 0)
          .kind,
      Kind::kNone);
}

TEST(FusionTest, ShiftsUpAndDownAreExtensions) {
  MacroOp found = MatchAt({Make(Op::kLsh64Imm, 0, 0, 0, 32),
                           Make(Op::kRsh64Imm, 0, 0, 0, 32), Exit()},
                          0);
  EXPECT_EQ(found.kind, Kind::kZeroExtend);
  EXPECT_EQ(found.bits, 32);
  found = MatchAt({Make(Op::kMov64Reg, 0, 3), Make(Op::kLsh64Imm, 0, 0, 0, 56),
                   Make(Op::kArsh64Imm, 0, 0, 0, 56), Exit()},
                  0);
  EXPECT_EQ(found.kind, Kind::kSignExtend);
  EXPECT_EQ(found.bits, 8);
  EXPECT_EQ(found.lhs, 3);
  EXPECT_EQ(found.count, 3);
}

TEST(FusionTest, ShiftAndMaskExtractBits) {
  const MacroOp found = MatchAt({Make(Op::kRsh64Imm, 0, 0, 0, 5),
                                 Make(Op::kAnd64Imm, 0, 0, 0, 0x7f), Exit()},
                                0);
  EXPECT_EQ(found.kind, Kind::kExtractBits);
  EXPECT_EQ(found.imm, 5);
  EXPECT_EQ(found.bits, 7);
}

// r3 carries the bits that come in again.
std::vector<isa::Insn> Rotation(int left, int right, Op join) {
  return {Make(Op::kMov64Reg, 3, 1),
          Make(Op::kRsh64Imm, 3, 0, 0, right),
          Make(Op::kMov64Reg, 0, 1),
          Make(Op::kLsh64Imm, 0, 0, 0, left),
          Make(join, 0, 3),
          Make(Op::kMov64Imm, 3),
          Exit()};
}

TEST(FusionTest, TwoShiftsThatMeetRotate) {
  const MacroOp found = MatchAt(Rotation(13, 51, Op::kOr64Reg), 0);
  EXPECT_EQ(found.kind, Kind::kRotateLeft);
  EXPECT_EQ(found.count, 5);
  EXPECT_EQ(found.dst, 0);
  EXPECT_EQ(found.lhs, 1);
  EXPECT_EQ(found.imm, 13);
}

TEST(FusionTest, ShiftsThatDoNotMeetDoNotRotate) {
  EXPECT_NE(MatchAt(Rotation(13, 50, Op::kOr64Reg), 0).kind, Kind::kRotateLeft);
  EXPECT_NE(MatchAt(Rotation(13, 51, Op::kAnd64Reg), 0).kind,
            Kind::kRotateLeft);
}

TEST(FusionTest, ARotationWhoseCarrierLivesIsNone) {
  std::vector<isa::Insn> insns = Rotation(13, 51, Op::kOr64Reg);
  insns[5] = Make(Op::kAdd64Reg, 0, 3);
  EXPECT_NE(MatchAt(insns, 0).kind, Kind::kRotateLeft);
}

TEST(FusionTest, AnAddressThatIsOnlyUsedForAccessesIsPartOfThem) {
  const MacroOp found =
      MatchAt({Make(Op::kMov64Reg, 4, 1), Make(Op::kAdd64Reg, 4, 2),
               Make(Op::kLoadU8, 3, 4), Make(Op::kStoreU8Reg, 4, 3, 100),
               Make(Op::kMov64Imm, 0), Exit()},
              0);
  EXPECT_EQ(found.kind, Kind::kAlias);
  EXPECT_EQ(found.count, 2);
  EXPECT_EQ(found.alias_end, 3u);
  EXPECT_EQ(found.address.base, 1);
  EXPECT_EQ(found.address.index, 2);
}

TEST(FusionTest, AnAddressWhosePartsChangeIsNot) {
  EXPECT_NE(MatchAt({Make(Op::kMov64Reg, 4, 1), Make(Op::kAdd64Reg, 4, 2),
                     Make(Op::kLoadU64, 2, 4), Make(Op::kStoreU8Reg, 4, 2),
                     Make(Op::kMov64Imm, 0), Exit()},
                    0)
                .kind,
            Kind::kAlias);
}

TEST(FusionTest, AnAddressThatIsStoredIsNot) {
  EXPECT_NE(
      MatchAt({Make(Op::kMov64Reg, 4, 1), Make(Op::kAdd64Reg, 4, 2),
               Make(Op::kStoreU64Reg, 4, 4), Make(Op::kMov64Imm, 0), Exit()},
              0)
          .kind,
      Kind::kAlias);
}

TEST(FusionTest, NothingIsJoinedAcrossATarget) {
  const std::vector<isa::Insn> insns = {Make(Op::kJEq64Imm, 1, 0, 1, 0),
                                        Make(Op::kMov64Reg, 0, 1),
                                        Make(Op::kXor64Reg, 0, 2), Exit()};
  EXPECT_EQ(MatchAt(insns, 1).kind, Kind::kNone);
}

TEST(FusionTest, ALoadThatIsOnlyAnOperandIsOneInMemory) {
  const MacroOp found = MatchAt(
      {Make(Op::kLoadU64, 3, 1, 8), Make(Op::kAdd64Reg, 0, 3), Exit()}, 0);
  EXPECT_EQ(found.kind, Kind::kAluMemory);
  EXPECT_EQ(found.address.offset, 8);
}

TEST(FusionTest, ACounterIsChangedInMemory) {
  const MacroOp found =
      MatchAt({Make(Op::kLoadU64, 3, 1, 8), Make(Op::kAdd64Imm, 3, 0, 0, 1),
               Make(Op::kStoreU64Reg, 1, 3, 8), Make(Op::kMov64Imm, 0), Exit()},
              0);
  EXPECT_EQ(found.kind, Kind::kMemoryAlu);
  EXPECT_EQ(found.count, 3);
}

TEST(FusionTest, ACounterAtAnotherPlaceIsNot) {
  EXPECT_NE(
      MatchAt(
          {Make(Op::kLoadU64, 3, 1, 8), Make(Op::kAdd64Imm, 3, 0, 0, 1),
           Make(Op::kStoreU64Reg, 1, 3, 16), Make(Op::kMov64Imm, 0), Exit()},
          0)
          .kind,
      Kind::kMemoryAlu);
}

TEST(FusionTest, ALoadAndASwapAreOneWhereTheCpuHasIt) {
  const std::vector<isa::Insn> insns = {Make(Op::kLoadU32, 0, 1),
                                        Make(Op::kToBe32, 0), Exit()};
  EXPECT_EQ(MatchAt(insns, 0).kind, Kind::kLoadSwapped);
  Capabilities none = kEverything;
  none.swapped_loads = 0;
  EXPECT_EQ(MatchAt(insns, 0, none).kind, Kind::kNone);
}

TEST(FusionTest, AJumpOverAMoveMovesUnderTheOppositeCondition) {
  const MacroOp found = MatchAt(
      {Make(Op::kJGt64Reg, 1, 2, 1), Make(Op::kMov64Reg, 0, 3), Exit()}, 0);
  EXPECT_EQ(found.kind, Kind::kMoveIf);
  EXPECT_EQ(found.op, Operation::kLe);
  EXPECT_EQ(found.dst, 0);
  EXPECT_EQ(found.src, 3);
}

TEST(FusionTest, AJumpOverAConstantMovesItUnderTheOppositeCondition) {
  const MacroOp found = MatchAt({Make(Op::kJEq32Imm, 1, 0, 1, 7),
                                 Make(Op::kMov32Imm, 0, 0, 0, -2), Exit()},
                                0);
  EXPECT_EQ(found.kind, Kind::kMoveImmIf);
  EXPECT_EQ(found.count, 2);
  EXPECT_FALSE(found.jumps);
  EXPECT_EQ(found.op, Operation::kNe);
  EXPECT_EQ(found.width, 32);
  EXPECT_EQ(found.imm, -2);
  EXPECT_EQ(found.bits, 32);
}

TEST(FusionTest, TwoWaysToOnePlaceAreAMoveAndAJump) {
  // if r1 == 0 goto t; r0 = 5; goto t; ...; t:
  std::vector<isa::Insn> insns = {
      Make(Op::kMov64Imm, 0),          Make(Op::kJEq64Imm, 1, 0, 3, 0),
      Make(Op::kMov64Imm, 0, 0, 0, 5), Make(Op::kGoto, 0, 0, 1),
      Make(Op::kMov64Imm, 0, 0, 0, 9), Exit()};
  insns.insert(insns.begin(), Make(Op::kJEq64Imm, 1, 0, 4, 77));
  const MacroOp found = MatchAt(insns, 2);
  EXPECT_EQ(found.kind, Kind::kMoveImmIf);
  EXPECT_EQ(found.count, 3);
  EXPECT_TRUE(found.jumps);
  EXPECT_EQ(found.op, Operation::kNe);
  EXPECT_EQ(found.imm, 5);
  insns[4].offset = 0;  // not to the same place
  EXPECT_EQ(MatchAt(insns, 2).kind, Kind::kNone);
}

TEST(FusionTest, AMoveOf32BitsIsConditionalWhereNobodyReadsTheUpperHalf) {
  std::vector<isa::Insn> insns = {
      Make(Op::kMov64Imm, 0), Make(Op::kJGt64Reg, 1, 2, 1),
      Make(Op::kMov32Reg, 0, 3), Make(Op::kMov32Reg, 0, 0), Exit()};
  EXPECT_EQ(MatchAt(insns, 1).kind, Kind::kMoveIf);
  insns[3] = Make(Op::kMov64Reg, 0, 0);
  EXPECT_EQ(MatchAt(insns, 1).kind, Kind::kNone);
}

TEST(FusionTest, AJumpOverAJumpIsTheOppositeJump) {
  std::vector<isa::Insn> insns = {
      Make(Op::kMov64Imm, 0), Make(Op::kJSLt64Reg, 1, 2, 1),
      Make(Op::kGoto, 0, 0, 1), Make(Op::kMov64Imm, 0, 0, 0, 5), Exit()};
  const MacroOp found = MatchAt(insns, 1);
  EXPECT_EQ(found.kind, Kind::kBranch);
  EXPECT_EQ(found.count, 2);
  EXPECT_EQ(found.op, Operation::kSGe);
  EXPECT_EQ(found.lhs, 1);
  EXPECT_EQ(found.rhs.reg, 2);
  Capabilities none = kEverything;
  none.conditional_move = false;
  EXPECT_EQ(MatchAt(insns, 1, none).kind, Kind::kBranch);
  insns[1] = Make(Op::kJSet64Reg, 1, 2, 1);  // has no opposite
  EXPECT_EQ(MatchAt(insns, 1).kind, Kind::kNone);
}

TEST(FusionTest, SwapsOfOtherRegistersDoNotEndAnAddress) {
  const MacroOp found =
      MatchAt({Make(Op::kMov64Reg, 3, 1), Make(Op::kAdd64Reg, 3, 2),
               Make(Op::kLoadU64, 0, 3, 16), Make(Op::kToBe64, 0),
               Make(Op::kLoadU32, 3, 3, 28), Make(Op::kAdd64Reg, 0, 3), Exit()},
              0);
  EXPECT_EQ(found.kind, Kind::kAlias);
  EXPECT_EQ(found.alias_end, 4u);
}

}  // namespace
}  // namespace ebpf::jit
