// SPDX-License-Identifier: MIT
#include "core/verifier/liveness.h"

#include "core/verifier/cfg.h"
#include "core/verifier/structure.h"
#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class LivenessTest : public VerifierTest {
 protected:
  /// The live registers before each instruction.
  std::vector<uint16_t> Live(const Code& code) {
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
    ComputeLiveness(v);
    std::vector<uint16_t> live;
    for (const InsnInfo& info : infos) {
      live.push_back(info.live);
    }
    return live;
  }
  static uint16_t Set(std::initializer_list<Reg> regs) {
    uint16_t set = 0;
    for (Reg reg : regs) {
      set = static_cast<uint16_t>(set | 1 << reg);
    }
    return set;
  }
};

TEST_F(LivenessTest, LivesFromWriteToLastRead) {
  const auto live = Live(Join({MovImm(R6, 1), MovReg(R0, R6), Exit()}));
  EXPECT_EQ(live[0], Set({}));
  EXPECT_EQ(live[1], Set({R6}));
  EXPECT_EQ(live[2], Set({R0}));
}

TEST_F(LivenessTest, EitherSideOfABranchCounts) {
  const auto live = Live(Join({JumpImm(kJeq, R1, 0, 2), MovReg(R0, R2), Exit(),
                               MovReg(R0, R3), Exit()}));
  EXPECT_EQ(live[0], Set({R1, R2, R3}));
  EXPECT_EQ(live[1], Set({R2}));
  EXPECT_EQ(live[3], Set({R3}));
}

TEST_F(LivenessTest, LoopsKeepWhatTheNextTurnReads) {
  const auto live =
      Live(Join({MovImm(R6, 0), MovReg(R7, R8), AluImm(kAdd, R6, 1),
                 JumpImm(kJlt, R6, 9, -3), Return0()}));
  EXPECT_EQ(live[3], Set({R6, R8}));
  EXPECT_EQ(live[4], Set({}));
}

TEST_F(LivenessTest, HelpersReadTheirArguments) {
  const auto live = Live(Join({Call(kMapLookup), Exit()}));
  EXPECT_EQ(live[0], Set({R1, R2}));
  EXPECT_EQ(Live(Join({Call(kKtime), Exit()}))[0], Set({}));
  EXPECT_EQ(Live(Join({Call(123456), Exit()}))[0], Set({R1, R2, R3, R4, R5}));
}

TEST_F(LivenessTest, FunctionsReadAnyArgument) {
  const auto live = Live(Join({CallLocal(2), MovReg(R0, R6), Exit(), Exit()}));
  EXPECT_EQ(live[0], Set({R1, R2, R3, R4, R5, R6}));
  EXPECT_EQ(live[3], Set({R0}));
}

TEST_F(LivenessTest, AtomicsReadAndWrite) {
  EXPECT_EQ(Live(Join({Atomic(kDW, kAdd, R2, 0, R3), Return0()}))[0],
            Set({R2, R3}));
  const auto fetch =
      Live(Join({Atomic(kDW, kXchg, R2, 0, R3), MovReg(R0, R3), Exit()}));
  EXPECT_EQ(fetch[0], Set({R2, R3}));
  EXPECT_EQ(Live(Join({Atomic(kDW, kCmpXchg, R2, 0, R3), Exit()}))[0],
            Set({R0, R2, R3}));
}

TEST_F(LivenessTest, StoresReadBoth) {
  EXPECT_EQ(Live(Join({Store(kDW, R2, 0, R3), Return0()}))[0], Set({R2, R3}));
  EXPECT_EQ(Live(Join({StoreImm(kDW, R2, 0, 3), Return0()}))[0], Set({R2}));
}

TEST_F(LivenessTest, DeeplyNestedLoopsEndInTime) {
  // Backward jumps that each need another pass.
  Code code;
  constexpr int kLoops = 60;
  code.push_back(Goto(kLoops * 2));
  for (int i = 0; i < kLoops; ++i) {
    code.push_back(MovReg(R1, R1));
    code.push_back(JumpImm(kJeq, R2, i, i == 0 ? 1 : -4));
  }
  code.push_back(Goto(-3));
  code.push_back(MovReg(R0, R7));
  code.push_back(Exit());
  code[2].offset = kLoops * 2 - 1;
  const auto live = Live(code);
  EXPECT_NE(live[0] & Set({R7}), 0);
}

}  // namespace
}  // namespace ebpf::verifier
