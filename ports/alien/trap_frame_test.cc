// SPDX-License-Identifier: MIT
#include "ports/alien/trap_frame.h"

#include "gtest/gtest.h"

namespace ebpf::alien {
namespace {

/// A frame whose every word has a value of its own, x0's and sp's slots with
/// the garbage that the kernel leaves there.
alien_ktrap_frame NumberedFrame() {
  alien_ktrap_frame frame = {};
  for (unsigned i = 0; i < 32; ++i) {
    frame.x[i] = 0x1000 + i;
  }
  frame.sstatus = 0x2000;
  frame.sepc = 0x3000;
  return frame;
}

TEST(TrapFrameTest, GivesEveryRegisterItsLinuxName) {
  const alien_ktrap_frame frame = NumberedFrame();
  riscv64::PtRegs regs = {};

  ToPtRegs(frame, regs);

  EXPECT_EQ(regs.epc, 0x3000u);
  EXPECT_EQ(regs.status, 0x2000u);
  EXPECT_EQ(regs.cause, 3u);
  EXPECT_EQ(regs.orig_a0, 0x100au);
  for (unsigned i = 1; i < 32; ++i) {
    if (i != riscv64::kSp) {
      EXPECT_EQ(riscv64::Reg(regs, i), 0x1000u + i) << i;
    }
  }
}

TEST(TrapFrameTest, TakesSpFromTheFramesPlaceAndNotFromItsSlot) {
  const alien_ktrap_frame frame = NumberedFrame();
  riscv64::PtRegs regs = {};

  ToPtRegs(frame, regs);

  EXPECT_EQ(riscv64::Reg(regs, riscv64::kSp),
            reinterpret_cast<uintptr_t>(&frame) + 272);
}

TEST(TrapFrameTest, TakesAProcesssRegistersFromItsFrameWithItsSp) {
  alien_trap_frame frame = {};
  for (unsigned i = 0; i < 32; ++i) {
    frame.x[i] = 0x1000 + i;
  }
  frame.sepc = 0x3000;
  frame.sstatus = 0x2000;
  riscv64::PtRegs regs = {};

  ToPtRegs(frame, regs);

  EXPECT_EQ(regs.epc, 0x3000u);
  EXPECT_EQ(regs.status, 0x2000u);
  EXPECT_EQ(regs.cause, kTimerInterrupt);
  EXPECT_EQ(regs.orig_a0, 0x100au);
  for (unsigned i = 1; i < 32; ++i) {
    EXPECT_EQ(riscv64::Reg(regs, i), 0x1000u + i) << i;
  }
}

TEST(TrapFrameTest, CarriesEveryChangedRegisterBackButSp) {
  alien_ktrap_frame frame = NumberedFrame();
  riscv64::PtRegs regs = {};
  ToPtRegs(frame, regs);
  for (unsigned i = 1; i < 32; ++i) {
    riscv64::Reg(regs, i) = 0x5000 + i;
  }
  regs.epc = 0x6000;
  regs.status = 0x7000;

  FromPtRegs(regs, frame);

  for (unsigned i = 1; i < 32; ++i) {
    EXPECT_EQ(frame.x[i], i == riscv64::kSp ? 0x1002 : 0x5000 + i) << i;
  }
  EXPECT_EQ(frame.x[0], 0x1000u);
  EXPECT_EQ(frame.sepc, 0x6000u);
  EXPECT_EQ(frame.sstatus, 0x7000u);
}

TEST(TrapFrameTest, ARoundTripChangesNothing) {
  alien_ktrap_frame frame = NumberedFrame();
  const alien_ktrap_frame before = frame;
  riscv64::PtRegs regs = {};

  ToPtRegs(frame, regs);
  FromPtRegs(regs, frame);

  for (unsigned i = 0; i < 32; ++i) {
    EXPECT_EQ(frame.x[i], before.x[i]) << i;
  }
  EXPECT_EQ(frame.sepc, before.sepc);
  EXPECT_EQ(frame.sstatus, before.sstatus);
}

TEST(TrapFrameTest, MakesUpForTheLengthThatAlienGetsWrong) {
  constexpr uint8_t kCEbreak[] = {0x02, 0x90};
  constexpr uint8_t kEbreak[] = {0x73, 0x00, 0x10, 0x00};
  alien_ktrap_frame frame = {};

  frame.sepc = reinterpret_cast<uintptr_t>(kCEbreak);
  FitUnclaimedBreakpoint(frame);
  EXPECT_EQ(frame.sepc, reinterpret_cast<uintptr_t>(kCEbreak));

  frame.sepc = reinterpret_cast<uintptr_t>(kEbreak);
  FitUnclaimedBreakpoint(frame);
  EXPECT_EQ(frame.sepc, reinterpret_cast<uintptr_t>(kEbreak) + 2);
}

}  // namespace
}  // namespace ebpf::alien
