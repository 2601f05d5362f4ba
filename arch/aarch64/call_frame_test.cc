// SPDX-License-Identifier: MIT
#include "arch/aarch64/call_frame.h"

#include "gtest/gtest.h"

namespace ebpf::aarch64 {
namespace {

constexpr uint64_t kFunction = 0xffff'8000'0000'1000;
constexpr uint64_t kCaller = 0xffff'8000'0000'2004;
constexpr uint64_t kStub = 0xffff'8000'0000'3000;

class Aarch64CallFrameTest : public testing::Test {
 protected:
  Aarch64CallFrameTest() {
    regs_.pc = kFunction;
    regs_.x[30] = kCaller;
  }
  machine::PtRegs& machine_regs() {
    return reinterpret_cast<machine::PtRegs&>(regs_);
  }

  PtRegs regs_ = {};
};

TEST_F(Aarch64CallFrameTest, AReturnThatIsRedirectedLeavesTheEntryAsItIs) {
  CallFrame::SetReturnAddress(machine_regs(), kStub);
  EXPECT_EQ(regs_.x[30], kStub);
  EXPECT_EQ(regs_.pc, kFunction);
}

TEST_F(Aarch64CallFrameTest, WhatReturnsAtOnceIsFollowed) {
  ReturnAtOnce(regs_, 7);
  CallFrame::SetReturnAddress(machine_regs(), kStub);
  EXPECT_EQ(regs_.x[0], 7u);
  EXPECT_EQ(regs_.x[30], kStub);
  EXPECT_EQ(regs_.pc, kStub);
}

}  // namespace
}  // namespace ebpf::aarch64
