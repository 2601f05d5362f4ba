// SPDX-License-Identifier: MIT
//
// What the macro assembler chooses for arithmetic, in bytes; what its choices
// compute is arithmetic_run_test.cc's.
#include "arch/aarch64/macro_assembler_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::aarch64 {
namespace {

class ArithmeticTest : public MacroAssemblerTest {
 protected:
  ArithmeticTest() : MacroAssemblerTest("macro_assembler") {}

  void Constants();
  void Moves();
  void Additions();
  void Logic();
  void Multiplications();
  void OtherArithmetic();
};

void ArithmeticTest::Constants() {
  ExpectImm("movz w0, #0", 0);
  ExpectImm("movz w0, #65535", 0xffff);
  ExpectImm("movz w0, #1, lsl #16", 0x10000);
  ExpectImm("movn x0, #0", ~uint64_t{0});
  ExpectImm("movn x0, #0xfffe", 0xffffffffffff0001);
  ExpectImm("movn w0, #0x1234", 0xffffedcb);
  ExpectImm("movn w0, #0x1234, lsl #16", 0xedcbffff);
  ExpectImm("mov w0, #0x55555555", 0x55555555);
  ExpectImm("mov w0, #0xffff00", 0xffff00);
  ExpectImm("movz w0, #0x5678; movk w0, #0x1234, lsl #16", 0x12345678);
  ExpectImm("movn x0, #0x5677; movk x0, #0x8234, lsl #16", 0xffffffff8234a988);
  ExpectImm("movz x0, #0x1b3; movk x0, #0x100, lsl #32", 0x100000001b3);
  ExpectImm("mov x0, #0x5555555555555555", 0x5555555555555555);
  ExpectImm("mov x0, #0x7fffffffffffffff", 0x7fffffffffffffff);
  ExpectImm("movz x0, #1, lsl #48", uint64_t{1} << 48);
  ExpectImm("mov x0, #0x0f0f0f0f0f0f0f0f; movk x0, #0x1234, lsl #32",
            0x0f0f12340f0f0f0f);
  ExpectImm("mov x0, #0xffffff0000000; movk x0, #0x1234", 0xffffff0001234);
  ExpectImm("movn x0, #0x4567, lsl #16; movk x0, #0x1234, lsl #32",
            0xffff1234ba98ffff);
  ExpectImm(
      "movz x0, #0x7c15; movk x0, #0x7f4a, lsl #16; movk x0, #0x79b9, lsl #32; "
      "movk x0, #0x9e37, lsl #48",
      0x9e3779b97f4a7c15);
}

void ArithmeticTest::Moves() {
  Expect("mov x19, x0", [](MacroAssembler& m) { m.Mov(64, 6, 1); });
  Expect("mov w19, w0", [](MacroAssembler& m) { m.Mov(32, 6, 1); });
  Expect("mov w19, w19", [](MacroAssembler& m) { m.Mov(32, 6, 6); });
  Expect("add x1, x25, #256", [](MacroAssembler& m) { m.Mov(64, 2, kR10); });
  Expect("sub x25, x1, #256", [](MacroAssembler& m) { m.Mov(64, kR10, 2); });
  EXPECT_TRUE(Emit([](MacroAssembler& m) { m.Mov(64, 6, 6); }).empty());
  // Nobody reads the upper half.
  EXPECT_TRUE(Emit([](MacroAssembler& m) { m.Mov(32, 6, 6); }, 0,
                   {.live_upper_after = 0xffff & ~(1 << 6)})
                  .empty());
}

void ArithmeticTest::Additions() {
  const auto add = Operation::kAdd;
  const auto sub = Operation::kSub;
  ExpectAlu("add x7, x0, x1", add, 64, 0, 1, Operand::Of(2));
  ExpectAlu("sub w7, w0, w1", sub, 32, 0, 1, Operand::Of(2));
  ExpectAlu("add x7, x0, #4095", add, 64, 0, 1, Operand::Imm(4095));
  ExpectAlu("add x7, x0, #1, lsl #12", add, 64, 0, 1, Operand::Imm(4096));
  ExpectAlu("sub x7, x0, #4095", add, 64, 0, 1, Operand::Imm(-4095));
  ExpectAlu("add w7, w0, #5", sub, 32, 0, 1, Operand::Imm(-5));
  ExpectAlu("add x7, x0, #0x123, lsl #12; add x7, x7, #0x456", add, 64, 0, 1,
            Operand::Imm(0x123456));
  ExpectAlu("sub x7, x0, #0x123, lsl #12; sub x7, x7, #0x456", add, 64, 0, 1,
            Operand::Imm(-0x123456));
  ExpectAlu("movz w16, #0x8000, lsl #16; sub x7, x0, x16", add, 64, 0, 1,
            Operand::Imm(INT32_MIN));
  ExpectAlu("movz w16, #0x8000, lsl #16; add x7, x0, x16", sub, 64, 0, 1,
            Operand::Imm(INT32_MIN));
  ExpectAlu("add x0, x25, #240", add, 64, 1, kR10, Operand::Imm(-16));
  ExpectAlu("sub x0, x25, #256", add, 64, 1, kR10, Operand::Imm(-512));
  ExpectAlu("sub x25, x25, #520", add, 64, kR10, kR10, Operand::Imm(-520));
  ExpectAlu("add x25, x25, #520", sub, 64, kR10, kR10, Operand::Imm(-520));
  ExpectAlu("add x17, x25, #256; add x7, x0, x17", add, 64, 0, 1,
            Operand::Of(kR10));
}

void ArithmeticTest::Logic() {
  ExpectAlu("and x7, x0, x1", Operation::kAnd, 64, 0, 1, Operand::Of(2));
  ExpectAlu("orr w7, w0, w1", Operation::kOr, 32, 0, 1, Operand::Of(2));
  ExpectAlu("eor x7, x0, x1", Operation::kXor, 64, 0, 1, Operand::Of(2));
  ExpectAlu("and x7, x0, #0xff", Operation::kAnd, 64, 0, 1, Operand::Imm(0xff));
  ExpectAlu("and x7, x0, #0xfffffffffffffff0", Operation::kAnd, 64, 0, 1,
            Operand::Imm(-16));
  ExpectAlu("and w7, w0, #0xfffffff0", Operation::kAnd, 32, 0, 1,
            Operand::Imm(-16));
  ExpectAlu("eor w7, w0, #0x80000000", Operation::kXor, 32, 0, 1,
            Operand::Imm(INT32_MIN));
  ExpectAlu("orr x7, x0, #0xffffffff80000000", Operation::kOr, 64, 0, 1,
            Operand::Imm(INT32_MIN));
  ExpectAlu("movz w16, #5; and x7, x0, x16", Operation::kAnd, 64, 0, 1,
            Operand::Imm(5));
  ExpectAlu("movn x16, #5; orr x7, x0, x16", Operation::kOr, 64, 0, 1,
            Operand::Imm(-6));
  ExpectAlu("movn w16, #5; eor w7, w0, w16", Operation::kXor, 32, 0, 1,
            Operand::Imm(-6));
  ExpectAlu("movz w7, #0", Operation::kAnd, 64, 0, 1, Operand::Imm(0));
  ExpectAlu("mov w7, w0", Operation::kAnd, 32, 0, 1, Operand::Imm(-1));
  ExpectAlu("mov x7, x0", Operation::kOr, 64, 0, 1, Operand::Imm(0));
  ExpectAlu("mov x7, x1", Operation::kXor, 64, 0, 2, Operand::Imm(0));
  ExpectAlu("movn x7, #0", Operation::kOr, 64, 0, 1, Operand::Imm(-1));
  ExpectAlu("movn w7, #0", Operation::kOr, 32, 0, 1, Operand::Imm(-1));
  ExpectAlu("mvn w7, w0", Operation::kXor, 32, 0, 1, Operand::Imm(-1));
  ExpectAlu("mvn x7, x0", Operation::kXor, 64, 0, 1, Operand::Imm(-1));
  ExpectAlu("lsl x7, x0, #63", Operation::kLsh, 64, 0, 1, Operand::Imm(63));
  ExpectAlu("lsr w7, w0, #31", Operation::kRsh, 32, 0, 1, Operand::Imm(31));
  ExpectAlu("asr w7, w0, #1", Operation::kArsh, 32, 0, 1, Operand::Imm(33));
  ExpectAlu("lsl w7, w0, w1", Operation::kLsh, 32, 0, 1, Operand::Of(2));
  ExpectAlu("lsr x7, x0, x1", Operation::kRsh, 64, 0, 1, Operand::Of(2));
  ExpectAlu("asr x7, x0, x1", Operation::kArsh, 64, 0, 1, Operand::Of(2));
  Expect("eor x7, x0, x1, lsl #13", [](MacroAssembler& m) {
    m.AluShifted(Operation::kXor, 64, 0, 1, 2, Operation::kLsh, 13);
  });
  Expect("sub x7, x0, x1, asr #63", [](MacroAssembler& m) {
    m.AluShifted(Operation::kSub, 64, 0, 1, 2, Operation::kArsh, 63);
  });
  Expect("and w7, w0, w1, lsr #3", [](MacroAssembler& m) {
    m.AluShifted(Operation::kAnd, 32, 0, 1, 2, Operation::kRsh, 3);
  });
}

void ArithmeticTest::Multiplications() {
  const auto mul = Operation::kMul;
  ExpectAlu("mul x7, x0, x1", mul, 64, 0, 1, Operand::Of(2));
  ExpectAlu("movz w7, #0", mul, 64, 0, 1, Operand::Imm(0));
  ExpectAlu("lsl w7, w0, #0", mul, 32, 0, 1, Operand::Imm(1));
  ExpectAlu("lsl x7, x0, #10", mul, 64, 0, 1, Operand::Imm(1024));
  ExpectAlu("add x7, x0, x0, lsl #1", mul, 64, 0, 1, Operand::Imm(3));
  ExpectAlu("add w7, w0, w0, lsl #2", mul, 32, 0, 1, Operand::Imm(5));
  ExpectAlu("neg x7, x0", mul, 64, 0, 1, Operand::Imm(-1));
  ExpectAlu("neg x7, x0, lsl #3", mul, 64, 0, 1, Operand::Imm(-8));
  ExpectAlu("sub x7, x0, x0, lsl #2", mul, 64, 0, 1, Operand::Imm(-3));
  ExpectAlu("neg w7, w0, lsl #31", mul, 32, 0, 1, Operand::Imm(INT32_MIN));
  ExpectAlu("movz w16, #100; mul x7, x0, x16", mul, 64, 0, 1,
            Operand::Imm(100));
  ExpectAlu("movn w16, #99; mul w7, w0, w16", mul, 32, 0, 1,
            Operand::Imm(-100));
  Expect("umulh x7, x0, x1",
         [](MacroAssembler& m) { m.MultiplyHigh(0, 1, 2); });
}

void ArithmeticTest::OtherArithmetic() {
  const auto divide = [this](const char* text, Operation op, unsigned width) {
    Expect(text,
           [=](MacroAssembler& m) { m.Divide(op, width, 0, 1, 2, false); });
  };
  divide("udiv x7, x0, x1", Operation::kDiv, 64);
  divide("sdiv w7, w0, w1", Operation::kSDiv, 32);
  divide("udiv w16, w0, w1; msub w7, w16, w1, w0", Operation::kMod, 32);
  divide("sdiv x16, x0, x1; msub x7, x16, x1, x0", Operation::kSMod, 64);
  Expect("neg w7, w0", [](MacroAssembler& m) { m.Negate(32, 0, 1); });
  Expect("neg x7, x0", [](MacroAssembler& m) { m.Negate(64, 0, 1); });
  Expect("rev16 w7, w0; uxth w7, w7",
         [](MacroAssembler& m) { m.ByteSwap(16, 0, 1); });
  Expect("rev w7, w0", [](MacroAssembler& m) { m.ByteSwap(32, 0, 1); });
  Expect("rev x7, x0", [](MacroAssembler& m) { m.ByteSwap(64, 0, 1); });
  Expect("uxtb w7, w0", [](MacroAssembler& m) { m.ZeroExtend(8, 0, 1); });
  Expect("uxth w7, w0", [](MacroAssembler& m) { m.ZeroExtend(16, 0, 1); });
  Expect("mov w7, w0", [](MacroAssembler& m) { m.ZeroExtend(32, 0, 1); });
  Expect("sxtb w7, w0", [](MacroAssembler& m) { m.SignExtend(8, 32, 0, 1); });
  Expect("sxth x7, w0", [](MacroAssembler& m) { m.SignExtend(16, 64, 0, 1); });
  Expect("sxtw x7, w0", [](MacroAssembler& m) { m.SignExtend(32, 64, 0, 1); });
  Expect("ror x7, x0, #51",
         [](MacroAssembler& m) { m.RotateLeft(64, 0, 1, 13); });
  Expect("ror w7, w0, #1",
         [](MacroAssembler& m) { m.RotateLeft(32, 0, 1, 31); });
  Expect("ubfx x7, x0, #3, #9",
         [](MacroAssembler& m) { m.ExtractBits(0, 1, 3, 9); });
  Expect("lsr x7, x0, #60",
         [](MacroAssembler& m) { m.ExtractBits(0, 1, 60, 9); });
  Expect("cmp x0, #4; csel x7, x1, x7, hi", [](MacroAssembler& m) {
    m.MoveIf(Operation::kGt, 64, 1, Operand::Imm(4), 0, 2);
  });
  Expect("tst w0, w1; csel x7, x1, x7, ne", [](MacroAssembler& m) {
    m.MoveIf(Operation::kSet, 32, 1, Operand::Of(2), 0, 2);
  });
}

TEST_F(ArithmeticTest, ChoosesTheInstructions) {
  Constants();
  Moves();
  Additions();
  Logic();
  Multiplications();
  OtherArithmetic();
  golden_.ExpectAllUsed(90);
}

}  // namespace
}  // namespace ebpf::aarch64
