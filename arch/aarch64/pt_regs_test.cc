// SPDX-License-Identifier: MIT
#include "arch/aarch64/pt_regs.h"

#include <string.h>

#include "gtest/gtest.h"

namespace ebpf::aarch64 {
namespace {

TEST(PtRegsTest, ReturningAtOnceGoesToTheCallerWithTheValue) {
  PtRegs regs;
  memset(&regs, 0x5a, sizeof(regs));
  regs.x[30] = 0xffff'0000'1234'5678;
  regs.pstate = 0x8000'0000 | kPstateBtype;
  PtRegs expected = regs;
  expected.x[0] = 77;
  expected.pc = 0xffff'0000'1234'5678;
  // The caller's instruction is no landing pad.
  expected.pstate = 0x8000'0000;

  ReturnAtOnce(regs, 77);
  EXPECT_EQ(memcmp(&regs, &expected, sizeof(regs)), 0);
  ReturnAtOnce(regs, 77);
  EXPECT_EQ(memcmp(&regs, &expected, sizeof(regs)), 0);
}

}  // namespace
}  // namespace ebpf::aarch64
