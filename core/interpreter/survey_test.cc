// SPDX-License-Identifier: MIT
//
// What a survey finds; what it refuses is in image_test.cc.
#include "core/interpreter/survey.h"

#include <vector>

#include "core/interpreter/test_program.h"
#include "gtest/gtest.h"

namespace ebpf::interpreter {
namespace {

isa::Insn Insn(uint8_t opcode, uint8_t dst, uint8_t src, int16_t offset,
               int32_t imm) {
  return TestProgram::Make(opcode, dst, src, offset, imm);
}

TEST(SurveyTest, MarksWhereInstructionsAndFunctionsBeginAndJumpsGo) {
  TestProgram program;
  program.Constant(1, 7);               // 0, 1
  program.Raw(Insn(0x85, 0, 1, 0, 3));  // 2: call 6
  program.Raw(Insn(0x15, 0, 0, 1, 0));  // 3: if r0 == 0 goto 5
  program.Raw(Insn(0x85, 0, 0, 0, 8));  // 4: call helper
  program.Exit();                       // 5
  program.MovImm(0, 1).Raw(Insn(0xe5, 0, 0, -2, -8)).Exit();  // 6, 7 (to 6), 8
  TestParts parts(program.insns());
  std::vector<uint8_t> marks(9);
  size_t calls = 0;
  EXPECT_EQ(
      Survey(parts.program(), Span<uint8_t>(marks.data(), marks.size()), calls),
      Status::kOk);
  EXPECT_EQ(calls, 1u);
  EXPECT_EQ(marks,
            (std::vector<uint8_t>{kBeginsInsn, 0, kBeginsInsn, kBeginsInsn,
                                  kBeginsInsn, kBeginsInsn | kIsTarget,
                                  kBeginsInsn | kBeginsFunction | kIsTarget,
                                  kBeginsInsn, kBeginsInsn}));
}

TEST(SurveyTest, OnlyLoopsAndWalksCallBack) {
  EXPECT_TRUE(CallsBack(*FindHelper(181)));
  EXPECT_TRUE(CallsBack(*FindHelper(164)));
  EXPECT_FALSE(CallsBack(*FindHelper(1)));
  EXPECT_FALSE(CallsBack(*FindHelper(12)));
}

TEST(SurveyTest, KnowsHolesAndProbedLoadsByTheFacts) {
  TestProgram program;
  program.Raw(Insn(0x79, 0, 1, 0, 0)).Exit();
  TestParts nothing_known(program.insns());
  EXPECT_FALSE(IsHole(nothing_known.program(), 0));
  EXPECT_FALSE(IsProbed(nothing_known.program(), 0));
  InsnFacts probed = {};
  probed.pointer = PointerKind::kProbed;
  InsnFacts dead = {};
  dead.never_reached = 1;
  TestParts known(program.insns());
  known.SetFacts({probed, dead});
  EXPECT_TRUE(IsProbed(known.program(), 0));
  EXPECT_FALSE(IsHole(known.program(), 0));
  EXPECT_TRUE(IsHole(known.program(), 1));
}

}  // namespace
}  // namespace ebpf::interpreter
