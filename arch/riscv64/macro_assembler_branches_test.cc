// SPDX-License-Identifier: MIT
//
// What the macro assembler chooses for conditions, in bytes; whether they hold
// is control_run_test.cc's.
#include "arch/riscv64/macro_assembler_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::riscv64 {
namespace {

class BranchesTest : public MacroAssemblerTest {
 protected:
  BranchesTest() : MacroAssemblerTest("macro_assembler_branches") {}

  void DoubleWords();
  void Constants();
  void Words();
  void KnownWords();
  void Bits();
  void Distances();
};

void BranchesTest::DoubleWords() {
  ExpectBranch("beq a0, a1, 0", Operation::kEq, 64, 1, Operand::Of(2));
  ExpectBranch("bltu a1, a0, 0", Operation::kGt, 64, 1, Operand::Of(2));
  ExpectBranch("bgeu a0, a1, 0", Operation::kGe, 64, 1, Operand::Of(2));
  ExpectBranch("bltu a0, a1, 0", Operation::kLt, 64, 1, Operand::Of(2));
  ExpectBranch("bgeu a1, a0, 0", Operation::kLe, 64, 1, Operand::Of(2));
  ExpectBranch("blt a1, a0, 0", Operation::kSGt, 64, 1, Operand::Of(2));
  ExpectBranch("bge a0, a1, 0", Operation::kSGe, 64, 1, Operand::Of(2));
  ExpectBranch("blt a0, a1, 0", Operation::kSLt, 64, 1, Operand::Of(2));
  ExpectBranch("bge a1, a0, 0", Operation::kSLe, 64, 1, Operand::Of(2));
}

void BranchesTest::Constants() {
  const auto imm = [&](const std::string& text, Operation op, int32_t value) {
    ExpectBranch(text, op, 64, 1, Operand::Imm(value));
  };
  imm("c.beqz a0, 0", Operation::kEq, 0);
  imm("c.bnez a0, 0", Operation::kNe, 0);
  imm("c.bnez a0, 0", Operation::kGt, 0);
  imm("c.beqz a0, 0", Operation::kLe, 0);
  imm("c.bnez a0, 0", Operation::kGe, 1);
  imm("c.beqz a0, 0", Operation::kLt, 1);
  imm("blt a0, zero, 0", Operation::kSLt, 0);
  imm("bge a0, zero, 0", Operation::kSGt, -1);
  imm("blt zero, a0, 0", Operation::kSGt, 0);
  imm("c.li t4, 5; bne a0, t4, 0", Operation::kNe, 5);
  imm("c.lui t4, 1; bgeu a0, t4, 0", Operation::kGt, 4095);
  imm("addi t4, zero, 2047; bgeu t4, a0, 0", Operation::kLt, 2048);
  imm("c.li t4, -1; bltu t4, a0, 0", Operation::kGt, -1);
  ExpectBranch("beq s2, zero, 0", Operation::kEq, 64, 7, Operand::Imm(0));
}

void BranchesTest::Words() {
  // Upper halves that are read must stay.
  ExpectBranch("subw t5, a0, a1; beq t5, zero, 0", Operation::kEq, 32, 1,
               Operand::Of(2));
  ExpectBranch("addiw t5, a0, 0; addiw t6, a1, 0; bltu t5, t6, 0",
               Operation::kLt, 32, 1, Operand::Of(2));
  ExpectBranch("addiw t5, a0, 0; beq t5, zero, 0", Operation::kEq, 32, 1,
               Operand::Imm(0));
  ExpectBranch("addiw t5, a0, -7; bne t5, zero, 0", Operation::kNe, 32, 1,
               Operand::Imm(7));
  // Those that nobody reads are of use.
  Expect(
      "c.addiw a0, 0; c.addiw a1, 0; bltu a0, a1, 0; blt a0, a1, 0",
      [](MacroAssembler& m) {
        m.Branch(Operation::kLt, 32, 1, Operand::Of(2), kLocalDistance);
        m.Branch(Operation::kSLt, 32, 1, Operand::Of(2), kLocalDistance);
      },
      0, kDeadUpper);
  Expect(
      "addiw t5, s5, 0; beq t5, zero, 0",
      [](MacroAssembler& m) {
        m.Branch(Operation::kEq, 32, kR10, Operand::Imm(0), kLocalDistance);
      },
      0, kDeadUpper);
  Expect(
      "c.addiw a0, 0; c.beqz a0, 0",
      [](MacroAssembler& m) {
        m.Branch(Operation::kEq, 32, 1, Operand::Imm(0), kLocalDistance);
      },
      0, kDeadUpper);
}

void BranchesTest::KnownWords() {
  Expect(
      "lwu a0, 0(a2); lwu a1, 4(a2); bltu a0, a1, 0; c.li t4, 9; "
      "bltu a0, t4, 0",
      [](MacroAssembler& m) {
        m.Load(32, false, 1, {3, kNoReg, 0, 0});
        m.Load(32, false, 2, {3, kNoReg, 0, 4});
        m.Branch(Operation::kLt, 32, 1, Operand::Of(2), kLocalDistance);
        m.Branch(Operation::kLt, 32, 1, Operand::Imm(9), kLocalDistance);
      });
  Expect("lbu a0, 0(a2); c.lw a1, 4(a2); bltu a0, a1, 0; blt a0, a1, 0",
         [](MacroAssembler& m) {
           m.Load(8, false, 1, {3, kNoReg, 0, 0});
           m.Load(32, true, 2, {3, kNoReg, 0, 4});
           m.Branch(Operation::kLt, 32, 1, Operand::Of(2), kLocalDistance);
           m.Branch(Operation::kSLt, 32, 1, Operand::Of(2), kLocalDistance);
         });
  Expect("lwu a0, 0(a2); addiw t5, a0, 0; c.li t4, 9; blt t5, t4, 0",
         [](MacroAssembler& m) {
           m.Load(32, false, 1, {3, kNoReg, 0, 0});
           m.Branch(Operation::kSLt, 32, 1, Operand::Imm(9), kLocalDistance);
         });
}

void BranchesTest::Bits() {
  const auto set = [&](const std::string& text, unsigned width, int32_t value) {
    ExpectBranch(text, Operation::kSet, width, 1, Operand::Imm(value));
  };
  ExpectBranch("and t5, a0, a1; bne t5, zero, 0", Operation::kSet, 64, 1,
               Operand::Of(2));
  ExpectBranch("and t5, a0, a1; c.addiw t5, 0; bne t5, zero, 0",
               Operation::kSet, 32, 1, Operand::Of(2));
  set("andi t5, a0, 4; bne t5, zero, 0", 64, 4);
  set("slli t5, a0, 47; blt t5, zero, 0", 64, 0x10000);
  set("andi t5, a0, -4; bne t5, zero, 0", 64, -4);
  set("andi t5, a0, -4; c.addiw t5, 0; bne t5, zero, 0", 32, -4);
  set("addiw t5, a0, 0; blt t5, zero, 0", 32, INT32_MIN);
  set("c.lui t4, 3; and t5, a0, t4; bne t5, zero, 0", 64, 0x3000);
}

void BranchesTest::Distances() {
  const auto at = [&](const std::string& text, int64_t distance) {
    ExpectBranch(text, Operation::kEq, 64, 1, Operand::Imm(0), distance);
  };
  at("c.beqz a0, 0", 252);
  at("c.beqz a0, 0", -256);
  at("beq a0, zero, 0", 254);
  at("beq a0, zero, 0", 4090);
  at("beq a0, zero, 0", -4096);
  at("c.bnez a0, 6; jal zero, 0", 4092);
  at("c.bnez a0, 6; jal zero, 0", -4098);
  at("c.bnez a0, 6; jal zero, 0", 0xffffa);
  at("c.bnez a0, 10; auipc t3, 0; jalr zero, 0(t3)", 0xffffc);
  at("c.bnez a0, 10; auipc t3, 0; jalr zero, 0(t3)", kUnknownDistance);
  ExpectBranch("bgeu a0, a1, 8; jal zero, 0", Operation::kLt, 64, 1,
               Operand::Of(2), 5000);
  ExpectBranch("bgeu a0, a1, 12; auipc t3, 0; jalr zero, 0(t3)", Operation::kLt,
               64, 1, Operand::Of(2), kUnknownDistance);
  const auto jump = [&](const std::string& text, int64_t distance) {
    Expect(text, [=](MacroAssembler& m) { m.Jump(distance); });
  };
  jump("c.j 0", 2044);
  jump("c.j 0", -2048);
  jump("jal zero, 0", 2046);
  jump("jal zero, 0", -2050);
  jump("auipc t3, 0; jalr zero, 0(t3)", kUnknownDistance);
}

TEST_F(BranchesTest, ChoosesTheInstructions) {
  DoubleWords();
  Constants();
  Words();
  KnownWords();
  Bits();
  Distances();
  golden_.ExpectAllUsed(40);
}

constexpr Operation kConditions[] = {
    Operation::kEq, Operation::kGt,  Operation::kGe,  Operation::kSet,
    Operation::kNe, Operation::kSGt, Operation::kSGe, Operation::kLt,
    Operation::kLe, Operation::kSLt, Operation::kSLe};

TEST(DistanceTest, NoSmallerDistanceTakesMoreBytes) {
  const int64_t kDistances[] = {
      0,    2,    100,  252,  254,     256,     2044,    2046,
      4090, 4092, 4096, 5000, 0xffffa, 0xffffc, 1 << 21, kUnknownDistance};
  for (const int64_t sign : {1, -1}) {
    const auto grows =
        [&](const std::function<void(MacroAssembler&, int64_t)>& emit) {
          size_t last = 0;
          for (const int64_t distance : kDistances) {
            const size_t size = Emit([&](MacroAssembler& m) {
                                  emit(m, sign * distance);
                                }).size();
            EXPECT_GE(size, last) << sign * distance;
            last = size;
          }
          // What core/jit allows for the code before a jump back's distance.
          EXPECT_LE(last, 32u);
        };
    grows([](MacroAssembler& m, int64_t distance) { m.Jump(distance); });
    grows(
        [](MacroAssembler& m, int64_t distance) { m.CallFunction(distance); });
    for (const Operation op : kConditions) {
      for (const unsigned width : {32u, 64u}) {
        for (const Operand rhs : {Operand::Of(2), Operand::Imm(0),
                                  Operand::Imm(-77777), Operand::Imm(4096)}) {
          grows([=](MacroAssembler& m, int64_t distance) {
            m.Branch(op, width, 1, rhs, distance);
          });
        }
      }
    }
  }
}

}  // namespace
}  // namespace ebpf::riscv64
