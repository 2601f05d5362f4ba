// SPDX-License-Identifier: MIT
//
// What the macro assembler chooses for division, in bytes; what its choices
// compute is arithmetic_run_test.cc's.
#include "arch/riscv64/macro_assembler_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::riscv64 {
namespace {

class DivideTest : public MacroAssemblerTest {
 protected:
  DivideTest() : MacroAssemblerTest("macro_assembler_divide") {}
};

TEST_F(DivideTest, ChoosesTheInstructions) {
  const auto divide = [&](const std::string& text, Operation op, unsigned width,
                          Reg dst, Reg rhs, bool non_zero) {
    Expect(
        text,
        [=](MacroAssembler& m) {
          m.Divide(op, width, dst, dst, rhs, non_zero);
        },
        0, kDeadUpper);
  };
  divide("divu a0, a0, a1", Operation::kDiv, 64, 1, 2, true);
  divide("divu a0, a0, a1; c.bnez a1, 4; c.li a0, 0", Operation::kDiv, 64, 1, 2,
         false);
  divide("div a0, a0, s2; bne s2, zero, 6; c.li a0, 0", Operation::kSDiv, 64, 1,
         7, false);
  divide("divu t5, a0, a0; c.bnez a0, 4; c.li t5, 0; c.mv a0, t5",
         Operation::kDiv, 64, 1, 1, false);
  divide("addiw t6, a1, 0; divw a0, a0, a1; bne t6, zero, 6; c.li a0, 0",
         Operation::kSDiv, 32, 1, 2, false);
  divide("remu a0, a0, a1", Operation::kMod, 64, 1, 2, false);
  divide("remuw a0, a0, a1", Operation::kMod, 32, 1, 2, false);
  divide("rem a0, a0, a1", Operation::kSMod, 64, 1, 2, false);
  divide("remw a0, a0, a1", Operation::kSMod, 32, 1, 2, true);
  Expect("mulhu a0, a1, a2",
         [](MacroAssembler& m) { m.MultiplyHigh(1, 2, 3); });
  golden_.ExpectAllUsed(10);
}

}  // namespace
}  // namespace ebpf::riscv64
