// SPDX-License-Identifier: MIT
#include "core/jit/liveness.h"

#include "core/jit/test_program.h"
#include "gtest/gtest.h"

namespace ebpf::jit {
namespace {

TEST(LivenessTest, ARegisterLivesUntilItsLastReader) {
  Analyzed program({Make(Op::kMov64Imm, 1, 0, 0, 5), Make(Op::kMov64Reg, 0, 1),
                    Make(Op::kMov64Imm, 1, 0, 0, 6), Exit()});
  ASSERT_EQ(program.status(), Status::kOk);
  EXPECT_TRUE(program.Live(1, 0));
  EXPECT_FALSE(program.Live(1, 1));
  EXPECT_FALSE(program.Live(1, 2));
  EXPECT_TRUE(program.Live(0, 2));
}

TEST(LivenessTest, AJumpMakesLiveWhatEitherSideReads) {
  Analyzed program({Make(Op::kMov64Imm, 0, 0, 0, 0),
                    Make(Op::kJEq64Imm, 1, 0, 1, 0), Make(Op::kMov64Reg, 0, 2),
                    Exit()});
  ASSERT_EQ(program.status(), Status::kOk);
  EXPECT_TRUE(program.Live(0, 1));
  EXPECT_TRUE(program.Live(2, 1));
  EXPECT_FALSE(program.Live(1, 1));
}

TEST(LivenessTest, AHelperReadsItsArgumentsAndPrintkAllOfThem) {
  constexpr int32_t kKtimeGetNs = 5;
  constexpr int32_t kMapLookupElem = 1;
  constexpr int32_t kTracePrintk = 6;
  const auto live_before = [](int32_t helper) {
    Analyzed program({Make(Op::kCallHelper, 0, 0, 0, helper), Exit()});
    EXPECT_EQ(program.status(), Status::kOk);
    unsigned live = 0;
    for (uint8_t reg = 1; reg <= 5; ++reg) {
      // As the last of its readers, the call is what keeps it.
      Analyzed with({Make(Op::kMov64Imm, reg, 0, 0, 5),
                     Make(Op::kCallHelper, 0, 0, 0, helper), Exit()});
      live |= with.Live(reg, 0) ? 1u << reg : 0;
    }
    return live;
  };
  EXPECT_EQ(live_before(kKtimeGetNs), 0u);
  EXPECT_EQ(live_before(kMapLookupElem), 0b00'0110u);
  EXPECT_EQ(live_before(kTracePrintk), 0b11'1110u);
}

TEST(LivenessTest, WhatALoopWritesFirstIsDeadAtItsEnd) {
  Analyzed program({Make(Op::kMov64Imm, 0, 0, 0, 9),
                    Make(Op::kMov64Reg, 3, 1),  // the loop's first
                    Make(Op::kAdd64Reg, 0, 3), Make(Op::kAdd64Imm, 0, 0, 0, -1),
                    Make(Op::kJNe64Imm, 0, 0, -4, 0), Exit()});
  ASSERT_EQ(program.status(), Status::kOk);
  EXPECT_TRUE(program.Live(3, 1));
  EXPECT_FALSE(program.Live(3, 2));
  EXPECT_TRUE(program.Live(1, 4));  // the next round reads it
}

TEST(LivenessTest, TheUpperHalfOfA32BitResultIsDeadForNarrowReaders) {
  Analyzed program({Make(Op::kAdd32Imm, 1, 0, 0, 5),
                    Make(Op::kStoreU32Reg, 2, 1), Make(Op::kMov32Reg, 0, 1),
                    Exit()});
  ASSERT_EQ(program.status(), Status::kOk);
  EXPECT_TRUE(program.Live(1, 0));
  EXPECT_FALSE(program.LiveUpper(1, 0));
  EXPECT_TRUE(program.LiveUpper(0, 2));  // exit gives all of r0
}

TEST(LivenessTest, TheUpperHalfFlowsThroughAdditionsAndNotThroughShifts) {
  Analyzed flows({Make(Op::kMov32Imm, 1, 0, 0, 5), Make(Op::kAdd64Imm, 1),
                  Make(Op::kMov32Reg, 0, 1), Exit()});
  EXPECT_FALSE(flows.LiveUpper(1, 0));
  Analyzed shifts({Make(Op::kMov32Imm, 1, 0, 0, 5),
                   Make(Op::kRsh64Imm, 1, 0, 0, 3), Make(Op::kMov32Reg, 0, 1),
                   Exit()});
  EXPECT_TRUE(shifts.LiveUpper(1, 0));
}

TEST(LivenessTest, AddressesAndArgumentsAreReadWhole) {
  Analyzed program(
      {Make(Op::kMov32Imm, 1, 0, 0, 5), Make(Op::kLoadU8, 0, 1), Exit()});
  EXPECT_TRUE(program.LiveUpper(1, 0));
}

TEST(LivenessTest, ACallReadsWhatItsFunctionReads) {
  Analyzed program({Make(Op::kMov64Imm, 1, 0, 0, 1),
                    Make(Op::kMov64Imm, 2, 0, 0, 2),
                    Make(Op::kCallSubprogram, 0, 0, 0, 1), Exit(),
                    Make(Op::kMov64Reg, 0, 2), Exit()});
  ASSERT_EQ(program.status(), Status::kOk);
  EXPECT_FALSE(program.Live(1, 1));
  EXPECT_TRUE(program.Live(2, 1));
  EXPECT_FALSE(program.Live(6, 4));  // its caller's, which it preserves
}

TEST(LivenessTest, EachRowReadsAndWritesWhatTheInterpreterDoes) {
  // No row may be forgotten: what has no rule takes everything for live.
  const LiveRegs none = {0, 0};
  for (size_t i = 0; i < isa::kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    const isa::OpInfo& info = isa::InfoOf(op);
    const LiveRegs before = LiveBefore(Make(op, 2, 3), op, none);
    const bool known = info.family != isa::Family::kLegacy &&
                       op != Op::kCallKernel && op != Op::kCallRegister;
    EXPECT_EQ(before.regs != LiveRegs::All().regs, known) << info.name;
  }
}

}  // namespace
}  // namespace ebpf::jit
