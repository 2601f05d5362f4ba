// SPDX-License-Identifier: MIT
//
// What the macro assembler chooses for arithmetic, in bytes; what its choices
// compute is arithmetic_run_test.cc's.
#include "arch/riscv64/macro_assembler_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::riscv64 {
namespace {

class ArithmeticTest : public MacroAssemblerTest {
 protected:
  ArithmeticTest() : MacroAssemblerTest("macro_assembler") {}

  void Moves();
  void Additions();
  void Logic();
  void Multiplications();
  void Shifts();
  void Words();
  void KnownWords();
  void Extensions();
  void Extras();
};

void ArithmeticTest::Moves() {
  Expect("c.mv s1, a0", [](MacroAssembler& m) { m.Mov(64, 6, 1); });
  Expect("and s1, a0, s6", [](MacroAssembler& m) { m.Mov(32, 6, 1); });
  Expect("c.mv a1, s5", [](MacroAssembler& m) { m.Mov(64, 2, kR10); });
  Expect(
      "c.mv s1, a0", [](MacroAssembler& m) { m.Mov(32, 6, 1); }, 0, kDeadUpper);
  EXPECT_TRUE(Emit([](MacroAssembler& m) { m.Mov(64, 6, 6); }).empty());
  EXPECT_TRUE(
      Emit([](MacroAssembler& m) { m.Mov(32, 6, 6); }, 0, kDeadUpper).empty());
  ExpectImm("c.li a0, 5", 5);
  ExpectImm("c.mv a0, s6", 0xffffffff);
  ExpectImm("c.lui a0, 0xfffff; and a0, a0, s6", 0xfffff000);
  ExpectImm("c.li a0, 1; c.slli a0, 31", 0x80000000);
  Expect(
      "c.li a0, -1", [](MacroAssembler& m) { m.MovImm(1, 0xffffffff); }, 0,
      kDeadUpper);
  Expect(
      "c.li t1, -1; srli t1, t1, 32",
      [](MacroAssembler& m) { m.MovImm(kTemp0, 0xffffffff); }, kFeatureZba,
      kDeadUpper);
}

void ArithmeticTest::Additions() {
  ExpectAlu("c.add a0, a1", Operation::kAdd, 64, 1, 1, Operand::Of(2));
  ExpectAlu("add a0, a1, a2", Operation::kAdd, 64, 1, 2, Operand::Of(3));
  ExpectAlu("c.sub a0, a1", Operation::kSub, 64, 1, 1, Operand::Of(2));
  ExpectAlu("c.addi a0, 1", Operation::kAdd, 64, 1, 1, Operand::Imm(1));
  ExpectAlu("c.addi a0, -1", Operation::kSub, 64, 1, 1, Operand::Imm(1));
  ExpectAlu("addi a0, s5, -8", Operation::kAdd, 64, 1, kR10, Operand::Imm(-8));
  ExpectAlu("addi a0, a0, 1500; addi a0, a0, 1500", Operation::kAdd, 64, 1, 1,
            Operand::Imm(3000));
  ExpectAlu("lui t4, 0x12345; addiw t4, t4, 0x678; c.add a0, t4",
            Operation::kAdd, 64, 1, 1, Operand::Imm(0x12345678));
  ExpectAlu("c.li t4, 1; c.slli t4, 31; c.add a0, t4", Operation::kSub, 64, 1,
            1, Operand::Imm(INT32_MIN));
  Expect("sub a0, zero, a1", [](MacroAssembler& m) { m.Negate(64, 1, 2); });
}

void ArithmeticTest::Logic() {
  ExpectAlu("c.and a0, a1", Operation::kAnd, 64, 1, 1, Operand::Of(2));
  ExpectAlu("c.or a0, a1", Operation::kOr, 64, 1, 2, Operand::Of(1));
  ExpectAlu("xor a0, a1, a2", Operation::kXor, 64, 1, 2, Operand::Of(3));
  ExpectAlu("c.andi a0, 15", Operation::kAnd, 64, 1, 1, Operand::Imm(15));
  ExpectAlu("andi a0, a0, 255", Operation::kAnd, 64, 1, 1, Operand::Imm(255));
  ExpectAlu("c.slli a0, 48; c.srli a0, 48", Operation::kAnd, 64, 1, 1,
            Operand::Imm(0xffff));
  ExpectAlu("c.srli a0, 12; c.slli a0, 12", Operation::kAnd, 64, 1, 1,
            Operand::Imm(-4096));
  ExpectAlu("lui t4, 0x100; and a0, a0, t4", Operation::kAnd, 64, 1, 1,
            Operand::Imm(0x100000));
  ExpectAlu("c.li a0, 0", Operation::kAnd, 64, 1, 1, Operand::Imm(0));
  ExpectAlu("ori a0, a0, 1", Operation::kOr, 64, 1, 1, Operand::Imm(1));
  ExpectAlu("xori a0, a0, -1", Operation::kXor, 64, 1, 1, Operand::Imm(-1));
  ExpectAlu("c.lui t4, 2; or a0, a0, t4", Operation::kOr, 64, 1, 1,
            Operand::Imm(0x2000));
}

void ArithmeticTest::Multiplications() {
  const auto by = [&](const std::string& text, int32_t imm) {
    ExpectAlu(text, Operation::kMul, 64, 1, 1, Operand::Imm(imm));
  };
  ExpectAlu("mul a0, a0, a1", Operation::kMul, 64, 1, 1, Operand::Of(2));
  by("c.slli a0, 3", 8);
  by("c.li a0, 0", 0);
  by("sub a0, zero, a0", -1);
  by("slli t5, a0, 1; c.add a0, t5", 3);
  by("slli t5, a0, 3; sub a0, t5, a0", 7);
  by("c.li t4, 11; mul a0, a0, t4", 11);
}

void ArithmeticTest::Shifts() {
  ExpectAlu("sll a0, a0, a1", Operation::kLsh, 64, 1, 1, Operand::Of(2));
  ExpectAlu("srl a0, a0, a1", Operation::kRsh, 64, 1, 1, Operand::Of(2));
  ExpectAlu("sra a0, a0, a1", Operation::kArsh, 64, 1, 1, Operand::Of(2));
  ExpectAlu("c.slli a0, 7", Operation::kLsh, 64, 1, 1, Operand::Imm(7));
  ExpectAlu("c.srli a0, 7", Operation::kRsh, 64, 1, 1, Operand::Imm(7));
  ExpectAlu("c.srai a0, 7", Operation::kArsh, 64, 1, 1, Operand::Imm(7));
  EXPECT_TRUE(Emit([](MacroAssembler& m) {
                m.Alu(Operation::kLsh, 64, 1, 1, Operand::Imm(0));
              }).empty());
  Expect("slli t5, a1, 13; srli a0, a1, 51; or a0, a0, t5",
         [](MacroAssembler& m) { m.RotateLeft(64, 1, 2, 13); });
  Expect(
      "slliw t5, a1, 13; srliw a0, a1, 19; or a0, a0, t5; c.and a0, s1",
      [](MacroAssembler& m) {
        m.RotateLeft(32, 1, 2, 13);
        m.Alu(Operation::kAnd, 64, 1, 1, Operand::Of(6));
      },
      0, kDeadUpper);
}

/// Words whose upper half somebody reads, and those where nobody does.
void ArithmeticTest::Words() {
  const auto word = [&](const std::string& text, Operation op, Operand rhs,
                        machine::InsnContext context) {
    Expect(
        text, [=](MacroAssembler& m) { m.Alu(op, 32, 1, 1, rhs); }, 0, context);
  };
  word("c.addw a0, a1; and a0, a0, s6", Operation::kAdd, Operand::Of(2), {});
  word("c.addw a0, a1", Operation::kAdd, Operand::Of(2), kDeadUpper);
  word("c.subw a0, a1", Operation::kSub, Operand::Of(2), kDeadUpper);
  word("c.addiw a0, 1", Operation::kAdd, Operand::Imm(1), kDeadUpper);
  word("c.addiw a0, -1; and a0, a0, s6", Operation::kSub, Operand::Imm(1), {});
  word("mulw a0, a0, a1", Operation::kMul, Operand::Of(2), kDeadUpper);
  word("sllw a0, a0, a1", Operation::kLsh, Operand::Of(2), kDeadUpper);
  word("slliw a0, a0, 5", Operation::kLsh, Operand::Imm(5), kDeadUpper);
  word("c.slli a0, 37; c.srli a0, 32", Operation::kLsh, Operand::Imm(5), {});
  word("srliw a0, a0, 5", Operation::kRsh, Operand::Imm(5), {});
  word("sraiw a0, a0, 5; and a0, a0, s6", Operation::kArsh, Operand::Imm(5),
       {});
  word("c.andi a0, 15", Operation::kAnd, Operand::Imm(15), {});
  word("c.and a0, a1; and a0, a0, s6", Operation::kAnd, Operand::Of(2), {});
  word("c.and a0, a1", Operation::kAnd, Operand::Of(2), kDeadUpper);
  word("xori a0, a0, -1; and a0, a0, s6", Operation::kXor, Operand::Imm(-1),
       {});
}

/// What is known of the operands.
void ArithmeticTest::KnownWords() {
  Expect("c.lw a0, 0(a1); c.srai a0, 3", [](MacroAssembler& m) {
    m.Load(32, true, 1, {2, kNoReg, 0, 0});
    m.context = kDeadUpper;
    m.Alu(Operation::kArsh, 32, 1, 1, Operand::Imm(3));
  });
  Expect("lwu a0, 0(a1); c.srli a0, 3; c.mv a2, a0", [](MacroAssembler& m) {
    m.Load(32, false, 1, {2, kNoReg, 0, 0});
    m.Alu(Operation::kRsh, 32, 1, 1, Operand::Imm(3));
    m.Mov(32, 3, 1);
  });
  Expect("lwu a0, 0(a1); c.mv a2, a0; c.and a3, a0; c.or a0, a2; c.mv a1, a3",
         [](MacroAssembler& m) {
           m.Load(32, false, 1, {2, kNoReg, 0, 0});
           m.Mov(32, 3, 1);
           m.Alu(Operation::kAnd, 32, 4, 4, Operand::Of(1));
           m.Alu(Operation::kOr, 32, 1, 1, Operand::Of(3));
           m.Mov(32, 2, 4);
         });
  Expect("lwu a0, 0(a1); and a2, a0, s6", [](MacroAssembler& m) {
    m.Load(32, false, 1, {2, kNoReg, 0, 0});
    m.AtTarget();
    m.Mov(32, 3, 1);
  });
  Expect("c.lw a0, 0(a1); c.mv a2, a0", [](MacroAssembler& m) {
    m.Load(32, true, 1, {2, kNoReg, 0, 0});
    m.SignExtend(32, 64, 3, 1);
  });
  Expect("lwu a0, 0(a1); lwu a2, 4(a1); remu a0, a0, a2; c.mv a1, a0",
         [](MacroAssembler& m) {
           m.Load(32, false, 1, {2, kNoReg, 0, 0});
           m.Load(32, false, 3, {2, kNoReg, 0, 4});
           m.Divide(Operation::kMod, 32, 1, 1, 3, false);
           m.Mov(32, 2, 1);
         });
}

void ArithmeticTest::Extensions() {
  Expect("andi a0, a0, 255", [](MacroAssembler& m) { m.ZeroExtend(8, 1, 1); });
  Expect("c.slli a0, 48; c.srli a0, 48",
         [](MacroAssembler& m) { m.ZeroExtend(16, 1, 1); });
  Expect("and a0, a0, s6", [](MacroAssembler& m) { m.ZeroExtend(32, 1, 1); });
  Expect("c.slli a0, 56; c.srai a0, 56",
         [](MacroAssembler& m) { m.SignExtend(8, 64, 1, 1); });
  Expect("c.slli a0, 48; c.srai a0, 48; and a0, a0, s6",
         [](MacroAssembler& m) { m.SignExtend(16, 32, 1, 1); });
  Expect("c.addiw a0, 0",
         [](MacroAssembler& m) { m.SignExtend(32, 64, 1, 1); });
  const auto extract = [&](const std::string& text, unsigned shift,
                           unsigned count) {
    Expect(text, [=](MacroAssembler& m) { m.ExtractBits(1, 1, shift, count); });
  };
  extract("c.srli a0, 8; andi a0, a0, 255", 8, 8);
  extract("c.andi a0, 7", 0, 3);
  extract("c.slli a0, 40; c.srli a0, 48", 8, 16);
  extract("srliw a0, a0, 16", 16, 16);
  extract("c.srli a0, 48", 48, 20);
}

void ArithmeticTest::Extras() {
  const uint64_t all = kFeatureZba | kFeatureZbb;
  Expect(
      "add.uw s1, a0, zero", [](MacroAssembler& m) { m.Mov(32, 6, 1); }, all);
  Expect(
      "sh1add a0, a0, a0",
      [](MacroAssembler& m) {
        m.Alu(Operation::kMul, 64, 1, 1, Operand::Imm(3));
      },
      all);
  Expect(
      "rori a0, a1, 51", [](MacroAssembler& m) { m.RotateLeft(64, 1, 2, 13); },
      all);
  Expect(
      "roriw a0, a1, 19", [](MacroAssembler& m) { m.RotateLeft(32, 1, 2, 13); },
      all, kDeadUpper);
  Expect(
      "zext.h a0, a1", [](MacroAssembler& m) { m.ZeroExtend(16, 1, 2); }, all);
  Expect(
      "sext.b a0, a1", [](MacroAssembler& m) { m.SignExtend(8, 64, 1, 2); },
      all);
  Expect("rev8 a0, a1", [](MacroAssembler& m) { m.ByteSwap(64, 1, 2); }, all);
  Expect(
      "rev8 a0, a1; c.srli a0, 48",
      [](MacroAssembler& m) { m.ByteSwap(16, 1, 2); }, all);
}

TEST_F(ArithmeticTest, ChoosesTheInstructions) {
  Moves();
  Additions();
  Logic();
  Multiplications();
  Shifts();
  Words();
  KnownWords();
  Extensions();
  Extras();
  golden_.ExpectAllUsed(80);
}

}  // namespace
}  // namespace ebpf::riscv64
