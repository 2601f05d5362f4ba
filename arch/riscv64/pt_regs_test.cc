// SPDX-License-Identifier: MIT
#include "arch/riscv64/pt_regs.h"

#include <string.h>

#include "gtest/gtest.h"

namespace ebpf::riscv64 {
namespace {

TEST(PtRegsTest, ReturningAtOnceGoesToTheCallerWithTheValue) {
  PtRegs regs;
  memset(&regs, 0x5a, sizeof(regs));
  Reg(regs, kRa) = 0xffff'ffc0'1234'5678;
  PtRegs expected = regs;
  Reg(expected, kA0) = 77;
  expected.epc = 0xffff'ffc0'1234'5678;

  ReturnAtOnce(regs, 77);
  EXPECT_EQ(memcmp(&regs, &expected, sizeof(regs)), 0);
  ReturnAtOnce(regs, 77);
  EXPECT_EQ(memcmp(&regs, &expected, sizeof(regs)), 0);
}

}  // namespace
}  // namespace ebpf::riscv64
