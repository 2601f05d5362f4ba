// SPDX-License-Identifier: MIT
#include "arch/riscv64/call_frame.h"

#include "gtest/gtest.h"

namespace ebpf::riscv64 {
namespace {

constexpr uint64_t kFunction = 0xffff'8000'0000'1000;
constexpr uint64_t kCaller = 0xffff'8000'0000'2004;
constexpr uint64_t kStub = 0xffff'8000'0000'3000;

class Riscv64CallFrameTest : public testing::Test {
 protected:
  Riscv64CallFrameTest() {
    regs_.epc = kFunction;
    Reg(regs_, kRa) = kCaller;
  }
  machine::PtRegs& machine_regs() {
    return reinterpret_cast<machine::PtRegs&>(regs_);
  }

  PtRegs regs_ = {};
};

TEST_F(Riscv64CallFrameTest, AReturnThatIsRedirectedLeavesTheEntryAsItIs) {
  CallFrame::SetReturnAddress(machine_regs(), kStub);
  EXPECT_EQ(Reg(regs_, kRa), kStub);
  EXPECT_EQ(regs_.epc, kFunction);
}

TEST_F(Riscv64CallFrameTest, WhatReturnsAtOnceIsFollowed) {
  ReturnAtOnce(regs_, 7);
  CallFrame::SetReturnAddress(machine_regs(), kStub);
  EXPECT_EQ(Reg(regs_, kA0), 7u);
  EXPECT_EQ(Reg(regs_, kRa), kStub);
  EXPECT_EQ(regs_.epc, kStub);
}

}  // namespace
}  // namespace ebpf::riscv64
