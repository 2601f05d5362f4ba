// SPDX-License-Identifier: MIT
//
// Functions of a program that helpers call back, in the interpreter.
#include <memory>
#include <vector>

#include "core/interpreter/test_program.h"
#include "core/sync/read_section.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

constexpr uint8_t kCall = 0x85;
constexpr uint8_t kSubprogram = 1;
constexpr int32_t kLoop = 181;

isa::Insn Insn(uint8_t opcode, uint8_t dst, uint8_t src, int16_t offset,
               int32_t imm) {
  return TestProgram::Make(opcode, dst, src, offset, imm);
}

// dst = the function that begins `distance` instructions behind.
TestProgram& LoadFunction(TestProgram& program, uint8_t dst, int32_t distance) {
  return program.Raw(Insn(0x18, dst, isa::kPseudoFunc, 0, distance + 1))
      .Raw({});
}

class CallbackTest : public testing::Test {
 protected:
  CallbackTest() {
    EXPECT_TRUE(InitReadSections());
    EXPECT_EQ(InitRunContexts(PortAllocator()), Status::kOk);
  }
  ~CallbackTest() override {
    ExitRunContexts();
    ExitReadSections();
    EXPECT_EQ(PortAllocatedBytes(), 0u);
  }
};

// bpf_loop(r1, function `distance` behind the call, r10 - 8, 0)
TestProgram& Loop(TestProgram& program, int32_t count, int32_t distance) {
  program.MovImm(1, count);
  LoadFunction(program, 2, distance + 4);
  program.Mov(3, 10).Raw(Insn(0x07, 3, 0, 0, -8)).MovImm(4, 0);
  return program.Raw(Insn(kCall, 0, 0, 0, kLoop));
}

TEST_F(CallbackTest, LoopRunsAFunctionOnStackOfItsOwn) {
  TestProgram program;
  program.Mov(9, 1).MovImm(6, 6);
  program.Raw(Insn(0x7a, 10, 0, -8, 100));  // *(u64 *)(r10 - 8) = 100
  Loop(program, 10, 5);
  // r0 += r6; r0 += *(r10 - 8); *r9 = r10
  program.Raw(Insn(0x0f, 0, 6, 0, 0)).StoreTo(9, 0, 10);
  program.Raw(Insn(0x79, 1, 10, -8, 0)).Raw(Insn(0x0f, 0, 1, 0, 0)).Exit();
  // *r2 += r1 + 1, by way of its stack, with the caller's registers changed;
  // r0 = 0
  program.MovImm(6, -1).MovImm(9, -1).StoreTo(10, -8, 1);
  program.Raw(Insn(0x79, 3, 10, -8, 0)).Raw(Insn(0x07, 3, 0, 0, 1));
  program.Raw(Insn(0x79, 4, 2, 0, 0)).Raw(Insn(0x0f, 4, 3, 0, 0));
  program.StoreTo(2, 0, 4).MovImm(0, 0).Exit();

  TestParts parts(program.insns());
  uint64_t stack = 0;
  EXPECT_EQ(parts.program().Run(&stack), 10u + 6 + 100 + 55);
}

TEST_F(CallbackTest, StacksOfCallbacksLieBelowTheirCallers) {
  // Notes r10 of main, of a callback, of what that calls and calls back.
  TestProgram program;
  program.StoreTo(1, 0, 10).StoreTo(10, -8, 1);
  Loop(program, 1, 1).Exit();
  const auto callback_1 = program.insns().size();
  program.Raw(Insn(0x79, 6, 2, 0, 0)).StoreTo(6, 8, 10).Mov(1, 6);
  program.Raw(Insn(kCall, 0, kSubprogram, 0, 2)).MovImm(0, 1).Exit();
  const auto subprogram = program.insns().size();
  program.StoreTo(1, 16, 10).StoreTo(10, -8, 1);
  Loop(program, 1, 2).MovImm(0, 0).Exit();
  const auto callback_2 = program.insns().size();
  program.Raw(Insn(0x79, 6, 2, 0, 0)).StoreTo(6, 24, 10).MovImm(0, 1).Exit();

  TestParts parts(program.insns());
  parts.SetFunctions({{0, 16, 0, false},
                      {static_cast<uint32_t>(callback_1), 24, 1, false},
                      {static_cast<uint32_t>(subprogram), 8, 2, false},
                      {static_cast<uint32_t>(callback_2), 0, 3, false}});
  uint64_t tops[4] = {};
  EXPECT_EQ(parts.program().Run(tops), 1u);
  EXPECT_EQ(tops[0] - tops[1], 16u + kFrameLinkBytes);
  EXPECT_EQ(tops[1] - tops[2], 24u + kFrameLinkBytes);
  EXPECT_EQ(tops[2] - tops[3], 8u + kFrameLinkBytes);
}

TEST_F(CallbackTest, CallbacksNestAndEachGoesOnWhereItWas) {
  // main: loop 3 times { loop 4 times { *context += 1 } }; each has a
  // subprogram between, so that frames are in use.
  TestProgram program;
  program.Raw(Insn(0x7a, 10, 0, -8, 0));
  Loop(program, 3, 2);
  program.Raw(Insn(0x79, 0, 10, -8, 0)).Exit();
  // callback: r1 = context, call sub; r0 = 0
  program.Mov(1, 2).MovImm(6, 0x66).Raw(Insn(kCall, 0, kSubprogram, 0, 4));
  program.Raw(Insn(0x55, 6, 0, 1, 0x66)).MovImm(0, 0).Exit();
  program.MovImm(0, 1);  // not reached
  // sub: *(r10 - 8) = r1, loop
  program.StoreTo(10, -8, 1);
  Loop(program, 4, 1).Exit();
  // callback: r3 = *r2; *r3 += 1
  program.Raw(Insn(0x79, 3, 2, 0, 0)).Raw(Insn(0x79, 4, 3, 0, 0));
  program.Raw(Insn(0x07, 4, 0, 0, 1)).StoreTo(3, 0, 4).MovImm(0, 0).Exit();

  TestParts parts(program.insns());
  EXPECT_EQ(parts.program().Run(nullptr), 12u);
}

TEST_F(CallbackTest, AFunctionThatCallsItselfBackEnds) {
  TestProgram program;
  Loop(program, 2, -7).MovImm(0, 0).Exit();
  TestParts parts(program.insns());
  EXPECT_EQ(parts.program().Run(nullptr), 0u);
  EXPECT_EQ(parts.program().Run(nullptr), 0u);
}

}  // namespace
}  // namespace ebpf
