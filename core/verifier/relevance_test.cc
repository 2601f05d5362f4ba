// SPDX-License-Identifier: MIT
//
// Which numbers matter where, and that what does not is no reason to walk a
// path again, while what does is.
#include "core/verifier/relevance.h"

#include "core/verifier/cfg.h"
#include "core/verifier/liveness.h"
#include "core/verifier/structure.h"
#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class RelevanceTest : public VerifierTest {
 protected:
  /// What matters before each instruction.
  std::vector<Relevant> Find(const Code& code) {
    Log log;
    Stats stats;
    FailingAllocator allocator;
    Verification v(isa::ConstInsns(code.data(), code.size()), maps_->span(),
                   options_, allocator, log, stats);
    std::vector<InsnInfo> infos(code.size());
    std::vector<Subprogram> subprograms(kMaxSubprograms);
    v.infos = Span<InsnInfo>(infos.data(), infos.size());
    v.subprograms = Span<Subprogram>(subprograms.data(), subprograms.size());
    EXPECT_EQ(CheckStructure(v), Status::kOk);
    EXPECT_EQ(CheckGraph(v), Status::kOk);
    EXPECT_EQ(ComputeRelevance(v), Status::kOk);
    std::vector<Relevant> found(v.relevance.begin(), v.relevance.end());
    allocator.DeleteArray(v.relevance);
    return found;
  }
  bool Matters(const Code& code, size_t index, Reg reg) {
    return (Find(code)[index].regs >> reg & 1) != 0;
  }
  bool SlotMatters(const Code& code, size_t index, int offset) {
    return (Find(code)[index].slots >> SlotOf(offset) & 1) != 0;
  }
  uint32_t Processed(const Code& code) {
    const Verdict verdict = Judge(code);
    EXPECT_EQ(verdict.status, Status::kOk) << verdict.log;
    return verdict.stats.insns_processed;
  }
};

TEST_F(RelevanceTest, ComparedNumbersMatter) {
  EXPECT_TRUE(Matters(
      {MovImm(R6, 1), JumpImm(kJeq, R6, 1, 0), MovImm(R0, 0), Exit()}, 1, R6));
  const Code both =
      Join({MovImm(R6, 1), MovImm(R7, 1), JumpReg(kJlt, R6, R7, 0), Return0()});
  EXPECT_TRUE(Matters(both, 2, R6));
  EXPECT_TRUE(Matters(both, 2, R7));
  EXPECT_FALSE(Matters(both, 3, R6));
}

TEST_F(RelevanceTest, ResultsOfAProgramDoNotMatter) {
  EXPECT_FALSE(Matters({MovImm(R0, 1), Exit()}, 1, R0));
}

TEST_F(RelevanceTest, ResultsAndArgumentsOfFunctionsDo) {
  const Code code =
      Join({MovImm(R1, 1), CallLocal(1), Exit(), MovReg(R0, R1), Exit()});
  EXPECT_TRUE(Matters(code, 1, R1));
  EXPECT_TRUE(Matters(code, 4, R0));
}

TEST_F(RelevanceTest, NumbersThatReachAComparisonMatter) {
  const Code code =
      Join({MovImm(R6, 1), MovImm(R7, 2), AluReg(kMul, R6, R7), MovReg(R8, R6),
            AluImm(kAdd, R8, 3), JumpImm(kJeq, R8, 9, 0), Return0()});
  EXPECT_TRUE(Matters(code, 2, R6));
  EXPECT_TRUE(Matters(code, 2, R7));
  EXPECT_TRUE(Matters(code, 3, R6));
  EXPECT_FALSE(Matters(code, 4, R6));
  EXPECT_TRUE(Matters(code, 4, R8));
}

TEST_F(RelevanceTest, NumbersThatAreOnlyStoredDoNot) {
  const Code code =
      Join({LoadMapValue(R9, kArray), MovImm(R6, 1), AluImm(kAdd, R6, 2),
            Store(kDW, R9, 0, R6), Return0()});
  EXPECT_FALSE(Matters(code, 3, R6));
  EXPECT_FALSE(Matters(code, 4, R6));
}

TEST_F(RelevanceTest, OffsetsOfPointersMatter) {
  const Code code =
      Join({LoadMapValue(R9, kArray), MovImm(R6, 1), AluReg(kAdd, R9, R6),
            Load(kB, R7, R9, 0), Return0()});
  EXPECT_TRUE(Matters(code, 3, R6));
  const Code other =
      Join({LoadMapValue(R9, kArray), MovImm(R6, 1), AluReg(kAdd, R6, R9),
            Load(kB, R7, R6, 0), Return0()});
  EXPECT_TRUE(Matters(other, 3, R6));
  // A pointer that came back from the stack.
  const Code spilled =
      Join({Store(kDW, R10, -8, R10), MovImm(R6, -8), Load(kDW, R9, R10, -8),
            AluReg(kAdd, R9, R6), StoreImm(kB, R9, 0, 0), Return0()});
  EXPECT_TRUE(Matters(spilled, 3, R6));
}

TEST_F(RelevanceTest, SizesMatterAndKeysDoNot) {
  const Code output = Join({StoreImm(kDW, R10, -8, 1), MovReg(R2, R10),
                            AluImm(kAdd, R2, -8), MovImm(R3, 8), MovImm(R4, 0),
                            LoadMap(R1, kRing), Call(kRingOutput), Return0()});
  EXPECT_TRUE(Matters(output, 7, R3));
  EXPECT_FALSE(Matters(output, 7, R4));
  EXPECT_FALSE(SlotMatters(output, 7, -8));
}

TEST_F(RelevanceTest, DivisorsMatter) {
  EXPECT_TRUE(Matters(
      {MovImm(R6, 1), MovImm(R0, 1), AluReg(kDiv, R0, R6), Exit()}, 2, R6));
  EXPECT_FALSE(Matters(
      {MovImm(R6, 1), MovImm(R0, 1), AluReg(kMul, R0, R6), Exit()}, 2, R6));
}

TEST_F(RelevanceTest, NumbersMatterThroughTheStack) {
  const Code code =
      Join({MovImm(R6, 1), Store(kDW, R10, -8, R6), StoreImm(kDW, R10, -16, 1),
            Load(kDW, R7, R10, -8), Load(kDW, R8, R10, -16),
            JumpImm(kJeq, R7, 9, 0), Return0()});
  EXPECT_TRUE(Matters(code, 1, R6));
  EXPECT_TRUE(SlotMatters(code, 2, -8));
  EXPECT_FALSE(SlotMatters(code, 3, -16));
  EXPECT_FALSE(SlotMatters(code, 4, -8));
  EXPECT_FALSE(SlotMatters(code, 1, -8));  // overwritten first
}

TEST_F(RelevanceTest, AnySlotMattersWhereTheStackIsReadSomewhere) {
  const Code code =
      Join({StoreImm(kDW, R10, -8, 1), StoreImm(kDW, R10, -16, 1),
            MovReg(R2, R10), AluImm(kAdd, R2, -8), Load(kDW, R7, R2, 0),
            JumpImm(kJeq, R7, 9, 0), Return0()});
  EXPECT_TRUE(SlotMatters(code, 4, -8));
  EXPECT_TRUE(SlotMatters(code, 4, -16));
  const Code stored =
      Join({MovReg(R2, R10), MovImm(R6, 1), Store(kDW, R2, -8, R6), Return0()});
  EXPECT_TRUE(Matters(stored, 2, R6));
}

/// main gives a function the address of -16, with numbers at -8 to -24.
Code CallWithSlot(const Code& function) {
  return Join({StoreImm(kDW, R10, -8, 1), StoreImm(kDW, R10, -16, 2),
               StoreImm(kDW, R10, -24, 3), MovReg(R1, R10),
               AluImm(kAdd, R1, -16), CallLocal(2), MovImm(R0, 0), Exit(),
               function});
}
constexpr size_t kTheCall = 5;

TEST_F(RelevanceTest, SlotsThatAFunctionLoadsThroughItsArgumentMatter) {
  const Code code = CallWithSlot(Join({Load(kDW, R0, R1, 0), Exit()}));
  EXPECT_FALSE(SlotMatters(code, kTheCall, -8));
  EXPECT_TRUE(SlotMatters(code, kTheCall, -16));
  EXPECT_FALSE(SlotMatters(code, kTheCall, -24));
  const Code before = CallWithSlot(Join(
      {MovReg(R6, R1), AluImm(kAdd, R6, -16), Load(kW, R0, R6, 8), Exit()}));
  EXPECT_FALSE(SlotMatters(before, kTheCall, -16));
  EXPECT_TRUE(SlotMatters(before, kTheCall, -24));
}

TEST_F(RelevanceTest, SlotsThatAFunctionOnlyStoresToDoNotMatter) {
  const Code code =
      CallWithSlot(Join({StoreImm(kDW, R1, 0, 7), MovImm(R0, 0), Exit()}));
  EXPECT_FALSE(SlotMatters(code, kTheCall, -16));
  const Code without = CallWithSlot(Return0());
  EXPECT_FALSE(SlotMatters(without, kTheCall, -16));
}

TEST_F(RelevanceTest, AnySlotMattersWhereAFunctionMovesItsArgument) {
  const Code code = CallWithSlot(Join(
      {MovImm(R2, -8), AluReg(kAdd, R1, R2), Load(kDW, R0, R1, 0), Exit()}));
  EXPECT_TRUE(SlotMatters(code, kTheCall, -8));
  EXPECT_TRUE(SlotMatters(code, kTheCall, -24));
  const Code either =
      CallWithSlot(Join({JumpImm(kJeq, R2, 0, 1), AluImm(kAdd, R1, -8),
                         Load(kDW, R0, R1, 0), Exit()}));
  EXPECT_TRUE(SlotMatters(either, kTheCall, -8));
}

TEST_F(RelevanceTest, AnySlotMattersToWhomAFunctionPassesItsArgument) {
  const Code helper =
      CallWithSlot(Join({MovImm(R2, 8), LoadMap(R3, kRing), MovReg(R4, R1),
                         MovReg(R1, R3), MovReg(R2, R4), MovImm(R3, 8),
                         MovImm(R4, 0), Call(kRingOutput), Return0()}));
  EXPECT_TRUE(SlotMatters(helper, kTheCall, -8));
  const Code function =
      CallWithSlot(Join({CallLocal(1), Exit(), Load(kDW, R0, R1, -8), Exit()}));
  EXPECT_FALSE(SlotMatters(function, kTheCall, -8));
  EXPECT_FALSE(SlotMatters(function, kTheCall, -16));
  EXPECT_TRUE(SlotMatters(function, kTheCall, -24));
}

TEST_F(RelevanceTest, AnySlotMattersWhereAnArgumentComesBackFromTheStack) {
  const Code code =
      CallWithSlot(Join({Store(kDW, R10, -8, R1), Load(kDW, R2, R10, -8),
                         Load(kDW, R0, R2, 8), Exit()}));
  EXPECT_TRUE(SlotMatters(code, kTheCall, -8));
  EXPECT_TRUE(SlotMatters(code, kTheCall, -24));
  // A number that comes back is no address.
  const Code number = CallWithSlot(
      Join({StoreImm(kDW, R10, -8, 1), Load(kDW, R2, R10, -8),
            LoadMapValue(R3, kArray), Load(kDW, R0, R3, 0), Exit()}));
  EXPECT_FALSE(SlotMatters(number, kTheCall, -8));
}

TEST_F(RelevanceTest, AnySlotMattersWhereAFunctionFollowsAPointerThere) {
  // main's slot -16 holds the address of -8.
  const Code code =
      Join({StoreImm(kDW, R10, -8, 1), Store(kDW, R10, -16, R10),
            MovReg(R1, R10), AluImm(kAdd, R1, -16), CallLocal(2), MovImm(R0, 0),
            Exit(), Load(kDW, R2, R1, 0), Load(kDW, R0, R2, -8), Exit()});
  EXPECT_TRUE(SlotMatters(code, 4, -8));
}

TEST_F(RelevanceTest, WhatAFunctionStoresIntoManySlotsDoesNotMultiplyPaths) {
  // As programs do that read many arguments of a USDT: each call leaves 0 or
  // any number in the slot, which is put aside and not looked at.
  Code code = Join({MovReg(R6, R1)});
  constexpr int kCalls = 14;
  for (int i = 0; i < kCalls; ++i) {
    const int left = 7 * (kCalls - 1 - i);
    code = Join({code, MovReg(R1, R6), MovReg(R2, R10), AluImm(kAdd, R2, -8),
                 StoreImm(kDW, R10, -8, 0), CallLocal(left + 4),
                 Load(kDW, R3, R10, -8), Store(kDW, R10, -16 - 8 * i, R3)});
  }
  code = Join({code, MovImm(R0, 0), Exit(), Goto(0), Load(kDW, R3, R1, 0),
               JumpImm(kJeq, R3, 0, 1), Store(kDW, R2, 0, R3), MovImm(R0, 0),
               Exit()});
  EXPECT_LT(Processed(code), 20000u);
}

TEST_F(RelevanceTest, AtomicsCarryNumbers) {
  const Code code = Join(
      {MovImm(R6, 1), StoreImm(kDW, R10, -8, 0), Atomic(kDW, kAdd, R10, -8, R6),
       Load(kDW, R7, R10, -8), JumpImm(kJeq, R7, 1, 0), Return0()});
  EXPECT_TRUE(Matters(code, 2, R6));
  const Code fetched = Join({MovImm(R6, 1), StoreImm(kDW, R10, -8, 0),
                             Atomic(kDW, kXchg, R10, -8, R6),
                             JumpImm(kJeq, R6, 1, 0), Return0()});
  EXPECT_TRUE(SlotMatters(fetched, 2, -8));
  EXPECT_FALSE(Matters(fetched, 2, R6));
  const Code in_map = Join({LoadMapValue(R9, kArray), MovImm(R6, 1),
                            Atomic(kDW, kAdd, R9, 0, R6), Return0()});
  EXPECT_FALSE(Matters(in_map, 3, R6));
}

TEST_F(RelevanceTest, CountersThatAreOnlyStoredDoNotMultiplyPaths) {
  const auto loop = [](int count) {
    return Join({MovReg(R6, R1), MovImm(R7, 0), MovImm(R8, 0),
                 Load(kDW, R2, R6, 0), AluReg(kAdd, R2, R7),
                 JumpImm(kJset, R2, 1, 1), AluImm(kAdd, R8, 1),
                 AluImm(kAdd, R7, 1), JumpImm(kJlt, R7, count, -6),
                 LoadMapValue(R9, kArray), Store(kDW, R9, 0, R8), Return0()});
  };
  EXPECT_LT(Processed(loop(1000)), 20000u);
}

TEST_F(RelevanceTest, NorDoThoseInTheStack) {
  const Code code =
      Join({MovReg(R6, R1), MovImm(R7, 0), StoreImm(kDW, R10, -8, 0),
            Load(kDW, R2, R6, 0), AluReg(kAdd, R2, R7), JumpImm(kJne, R2, 5, 1),
            Store(kDW, R10, -8, R7), AluImm(kAdd, R7, 1),
            JumpImm(kJlt, R7, 1000, -6), LoadMapValue(R9, kArray),
            Load(kDW, R8, R10, -8), Store(kDW, R9, 0, R8), Return0()});
  EXPECT_LT(Processed(code), 20000u);
}

TEST_F(RelevanceTest, CountersThatIndexStillCount) {
  // r8 is at most 16 after the loop; it indexes 16 bytes.
  const auto loop = [](int count) {
    return Join({MovReg(R6, R1), MovImm(R7, 0), MovImm(R8, 0),
                 Load(kDW, R2, R6, 0), AluReg(kAdd, R2, R7),
                 JumpImm(kJset, R2, 1, 1), AluImm(kAdd, R8, 1),
                 AluImm(kAdd, R7, 1), JumpImm(kJlt, R7, count, -6),
                 LoadMapValue(R9, kArray), AluReg(kAdd, R9, R8),
                 Load(kB, R0, R9, 0), Exit()});
  };
  Accepts(loop(15));
  Rejects(loop(16), Status::kAccess,
          "invalid access to map value, value_size=16 off=16 size=1");
}

TEST_F(RelevanceTest, PointersAlwaysCount) {
  Code filler;
  for (int i = 0; i < 10; ++i) {
    filler.push_back(MovImm(R3, i));
  }
  // r6 is a number or a pointer, and nothing else is asked of it than its type.
  Rejects({Load(kDW, R7, R1, 0), MovImm(R6, 5), JumpImm(kJeq, R7, 0, 1),
           MovReg(R6, R10), filler, Goto(0), filler, StoreImm(kDW, R6, -8, 0),
           Return0()},
          Status::kAccess, "R6 invalid mem access 'scalar'");
}

TEST_F(RelevanceTest, LongProgramsDoWithout) {
  Code code(200'000, MovImm(R6, 0));
  const std::vector<Relevant> found = Find(Join({code, Return0()}));
  EXPECT_TRUE(found.empty());
}

}  // namespace
}  // namespace ebpf::verifier
