// SPDX-License-Identifier: MIT
//
// What the macro assembler chooses for conditions, in bytes; whether they hold
// is control_run_test.cc's.
#include "arch/aarch64/macro_assembler_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::aarch64 {
namespace {

class CompareTest : public MacroAssemblerTest {
 protected:
  CompareTest() : MacroAssemblerTest("macro_assembler_compare") {}

  void ShortBranches();
  void LongBranches();
  void KnownFlags();
};

void CompareTest::ShortBranches() {
  const auto imm = [](int32_t value) { return Operand::Imm(value); };
  ExpectBranch("cmp x0, x1; b.eq #0", Operation::kEq, 64, 1, Operand::Of(2));
  ExpectBranch("cmp w0, w1; b.hi #0", Operation::kGt, 32, 1, Operand::Of(2));
  ExpectBranch("tst x0, x1; b.ne #0", Operation::kSet, 64, 1, Operand::Of(2));
  ExpectBranch("add x17, x25, #256; add x17, x25, #256; cmp x17, x17; b.eq #0",
               Operation::kEq, 64, kR10, Operand::Of(kR10));
  ExpectBranch("cbz x0, #0", Operation::kEq, 64, 1, imm(0));
  ExpectBranch("cbnz w0, #0", Operation::kNe, 32, 1, imm(0));
  ExpectBranch("cbnz x0, #0", Operation::kGt, 64, 1, imm(0));
  ExpectBranch("cbz w0, #0", Operation::kLe, 32, 1, imm(0));
  ExpectBranch("cbz x0, #0", Operation::kLt, 64, 1, imm(1));
  ExpectBranch("cbnz x0, #0", Operation::kGe, 64, 1, imm(1));
  ExpectBranch("tbnz x0, #63, #0", Operation::kSLt, 64, 1, imm(0));
  ExpectBranch("tbnz w0, #31, #0", Operation::kSLe, 32, 1, imm(-1));
  ExpectBranch("tbz x0, #63, #0", Operation::kSGe, 64, 1, imm(0));
  ExpectBranch("tbz w0, #31, #0", Operation::kSGt, 32, 1, imm(-1));
  ExpectBranch("tbnz w0, #4, #0", Operation::kSet, 64, 1, imm(16));
  ExpectBranch("tbnz w0, #31, #0", Operation::kSet, 32, 1, imm(INT32_MIN));
  ExpectBranch("cbnz x0, #0", Operation::kSet, 64, 1, imm(-1));
  ExpectBranch("tst x0, #0xffffffff80000000; b.ne #0", Operation::kSet, 64, 1,
               imm(INT32_MIN));
  ExpectBranch("movz w16, #5; tst w0, w16; b.ne #0", Operation::kSet, 32, 1,
               imm(5));
  ExpectBranch("cmp x0, #4095; b.ls #0", Operation::kLe, 64, 1, imm(4095));
  ExpectBranch("cmp x0, #1, lsl #12; b.hs #0", Operation::kGe, 64, 1,
               imm(4096));
  ExpectBranch("cmn w0, #7; b.lt #0", Operation::kSLt, 32, 1, imm(-7));
  ExpectBranch("cmp x0, #4095; b.hi #0", Operation::kGt, 64, 1, imm(4095));
  ExpectBranch("cmp x0, #2, lsl #12; b.ge #0", Operation::kSGt, 64, 1,
               imm(8191));
  ExpectBranch("cmp x0, #2, lsl #12; b.ls #0", Operation::kLt, 64, 1,
               imm(8193));
  ExpectBranch("cmn x0, #2, lsl #12; b.gt #0", Operation::kSGe, 64, 1,
               imm(-8191));
  ExpectBranch("sub x16, x0, #0x123, lsl #12; cmp x16, #0x456; b.eq #0",
               Operation::kEq, 64, 1, imm(0x123456));
  ExpectBranch("add w16, w0, #0x123, lsl #12; cmn w16, #0x456; b.ne #0",
               Operation::kNe, 32, 1, imm(-0x123456));
  ExpectBranch(
      "movz w16, #0x3456; movk w16, #0x12, lsl #16; cmp x0, x16; "
      "b.lt #0",
      Operation::kSLt, 64, 1, imm(0x123456));
  ExpectBranch("mov x16, #0xffffffff80000000; cmp x0, x16; b.eq #0",
               Operation::kEq, 64, 1, imm(INT32_MIN));
}

void CompareTest::LongBranches() {
  const auto zero = Operand::Imm(0);
  const int64_t short_test = (1 << 15) - 64;
  const int64_t short_compare = (1 << 20) - 64;
  for (const int64_t sign : {1, -1}) {
    ExpectBranch("tbnz x0, #63, #0", Operation::kSLt, 64, 1, zero,
                 sign * short_test);
    ExpectBranch("tbz x0, #63, #8; b #0", Operation::kSLt, 64, 1, zero,
                 sign * (short_test + 4));
    ExpectBranch("cbz x0, #0", Operation::kEq, 64, 1, zero,
                 sign * short_compare);
    ExpectBranch("cbnz x0, #8; b #0", Operation::kEq, 64, 1, zero,
                 sign * (short_compare + 4));
    ExpectBranch("cmp x0, x1; b.gt #0", Operation::kSGt, 64, 1, Operand::Of(2),
                 sign * short_compare);
    ExpectBranch("cmp x0, x1; b.le #8; b #0", Operation::kSGt, 64, 1,
                 Operand::Of(2), sign * (short_compare + 4));
  }
  ExpectBranch("cmp x0, x1; b.le #8; b #0", Operation::kSGt, 64, 1,
               Operand::Of(2), kUnknownDistance);
}

void CompareTest::KnownFlags() {
  const auto twice = [](Operation first, Operand rhs, Operation second,
                        Operand then, bool target = false) {
    return [=](MacroAssembler& m) {
      m.Branch(first, 64, 1, rhs, kLocalDistance);
      if (target) {
        m.AtTarget();
      }
      m.Branch(second, 64, 1, then, kLocalDistance);
    };
  };
  const auto five = Operand::Imm(5);
  Expect("cmp x0, #5; b.hi #0; b.eq #0",
         twice(Operation::kGt, five, Operation::kEq, five));
  Expect("cmp x0, x1; b.gt #0; b.lo #0", twice(Operation::kSGt, Operand::Of(2),
                                               Operation::kLt, Operand::Of(2)));
  Expect("cmp x0, #5; b.hi #0; cmp x0, #6; b.eq #0",
         twice(Operation::kGt, five, Operation::kEq, Operand::Imm(6)));
  Expect("cmp x0, #5; b.hi #0; cmp x0, #5; b.eq #0",
         twice(Operation::kGt, five, Operation::kEq, five, true));
  Expect(
      "cmp x0, x1; b.gt #0; tst x0, x1; b.ne #0",
      twice(Operation::kSGt, Operand::Of(2), Operation::kSet, Operand::Of(2)));
  Expect(
      "sub x16, x0, #1, lsl #12; cmp x16, #5; b.eq #0; movz w16, #4101; "
      "cmp x0, x16; b.lo #0",
      twice(Operation::kEq, Operand::Imm(4101), Operation::kLt,
            Operand::Imm(4101)));
  Expect("cmp x0, #5; b.hi #0; add x0, x0, #1; cmp x0, #5; b.eq #0",
         [=](MacroAssembler& m) {
           m.Branch(Operation::kGt, 64, 1, five, kLocalDistance);
           m.Alu(Operation::kAdd, 64, 1, 1, Operand::Imm(1));
           m.Branch(Operation::kEq, 64, 1, five, kLocalDistance);
         });
}

TEST_F(CompareTest, ChoosesTheInstructions) {
  ShortBranches();
  LongBranches();
  KnownFlags();
  golden_.ExpectAllUsed(35);
}

}  // namespace
}  // namespace ebpf::aarch64
