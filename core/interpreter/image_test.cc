// SPDX-License-Identifier: MIT
#include "core/interpreter/image.h"

#include <vector>

#include "core/interpreter/test_program.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

isa::Insn Insn(uint8_t opcode, uint8_t dst, uint8_t src, int16_t offset,
               int32_t imm) {
  return TestProgram::Make(opcode, dst, src, offset, imm);
}

// `insn` (and a second slot after LD_IMM64), then r0 = 0 and exit.
Status PrepareWith(const isa::Insn& insn) {
  TestProgram program;
  program.Raw(insn);
  if (insn.opcode == 0x18) {
    program.Raw({});
  }
  return PrepareProgram(program.MovImm(0, 0).Exit().insns());
}

TEST(ImageTest, TakesAPlainProgram) {
  EXPECT_EQ(PrepareWith(Insn(0xb7, 1, 0, 0, 5)), Status::kOk);
}

TEST(ImageTest, RefusesWhatIsNotSupported) {
  for (uint8_t source = 1; source <= 6; ++source) {
    EXPECT_EQ(PrepareWith(Insn(0x18, 1, source, 0, 1)),
              source == isa::kPseudoFunc ? Status::kOk : Status::kNotSupported)
        << int{source};
  }
  EXPECT_EQ(PrepareWith(Insn(0x85, 0, isa::kCallKernel, 0, 1)),
            Status::kNotSupported);
  EXPECT_EQ(PrepareWith(Insn(0x8d, 1, 0, 0, 0)), Status::kNotSupported);
  for (const uint8_t opcode : {0x20, 0x28, 0x30, 0x40, 0x48, 0x50}) {
    EXPECT_EQ(PrepareWith(Insn(opcode, 0, 0, 0, 0)), Status::kNotSupported);
  }
}

TEST(ImageTest, RefusesWhatCannotBeDecoded) {
  EXPECT_EQ(PrepareWith(Insn(0xff, 0, 0, 0, 0)), Status::kInvalid);
  EXPECT_EQ(PrepareWith(Insn(0x0f, 11, 0, 0, 0)), Status::kInvalid);
  EXPECT_EQ(PrepareWith(Insn(0x0f, 0, 15, 0, 0)), Status::kInvalid);
  EXPECT_EQ(PrepareProgram({Insn(0x18, 1, 0, 0, 0)}), Status::kInvalid);
}

TEST(ImageTest, RefusesWritesToTheFramePointer) {
  EXPECT_EQ(PrepareWith(Insn(0x07, 10, 0, 0, 8)), Status::kInvalid);
  EXPECT_EQ(PrepareWith(Insn(0x87, 10, 0, 0, 0)), Status::kInvalid);
  EXPECT_EQ(PrepareWith(Insn(0xdc, 10, 0, 0, 16)), Status::kInvalid);
  EXPECT_EQ(PrepareWith(Insn(0x79, 10, 1, 0, 0)), Status::kInvalid);
  EXPECT_EQ(PrepareWith(Insn(0x18, 10, 0, 0, 0)), Status::kInvalid);
  EXPECT_EQ(PrepareWith(Insn(0xdb, 1, 10, 0, 0x01)), Status::kInvalid);
  EXPECT_EQ(PrepareWith(Insn(0xdb, 1, 10, 0, 0xe1)), Status::kInvalid);
  // It is only read here.
  EXPECT_EQ(PrepareWith(Insn(0xdb, 1, 10, 0, 0xf1)), Status::kOk);
  EXPECT_EQ(PrepareWith(Insn(0x7b, 10, 10, -8, 0)), Status::kOk);
}

TEST(ImageTest, RefusesAProgramThatRunsOffItsEnd) {
  EXPECT_EQ(PrepareProgram({}), Status::kInvalid);
  EXPECT_EQ(PrepareProgram({Insn(0xb7, 0, 0, 0, 0)}), Status::kInvalid);
  EXPECT_EQ(PrepareProgram({Insn(0x95, 0, 0, 0, 0), Insn(0x85, 0, 1, 0, -2)}),
            Status::kInvalid);
  EXPECT_EQ(PrepareProgram({Insn(0x95, 0, 0, 0, 0), Insn(0x15, 0, 0, -2, 0)}),
            Status::kInvalid);
  EXPECT_EQ(PrepareProgram({Insn(0x95, 0, 0, 0, 0), Insn(0x05, 0, 0, -2, 0)}),
            Status::kOk);
}

TEST(ImageTest, RefusesJumpsOutsideTheProgram) {
  for (const int target : {-2, -100, 2, 3, 32767}) {
    const auto offset = static_cast<int16_t>(target);
    EXPECT_EQ(PrepareWith(Insn(0x05, 0, 0, offset, 0)), Status::kInvalid);
    EXPECT_EQ(PrepareWith(Insn(0x06, 0, 0, 0, target)), Status::kInvalid);
    EXPECT_EQ(PrepareWith(Insn(0x1d, 0, 1, offset, 0)), Status::kInvalid);
    EXPECT_EQ(PrepareWith(Insn(0x85, 0, 1, 0, target)), Status::kInvalid);
  }
  EXPECT_EQ(PrepareWith(Insn(0x06, 0, 0, 0, INT32_MIN)), Status::kInvalid);
  EXPECT_EQ(PrepareWith(Insn(0x06, 0, 0, 0, INT32_MAX)), Status::kInvalid);
  EXPECT_EQ(PrepareWith(Insn(0x18, 1, 4, 0, INT32_MAX)), Status::kInvalid);
  EXPECT_EQ(PrepareWith(Insn(0x05, 0, 0, 1, 0)), Status::kOk);
}

TEST(ImageTest, RefusesJumpsBetweenTheSlotsOfAConstant) {
  TestProgram program;
  program.Raw(Insn(0x05, 0, 0, 1, 0)).Constant(0, 0x95).Exit();
  EXPECT_EQ(PrepareProgram(program.insns()), Status::kInvalid);
}

TEST(ImageTest, TakesWhatFixupMakes) {
  EXPECT_EQ(PrepareWith(Insn(0xe7, 1, 0, 0, 0)), Status::kOk);
  EXPECT_EQ(PrepareWith(Insn(0xe7, 10, 0, 0, 0)), Status::kInvalid);
  EXPECT_EQ(PrepareWith(Insn(0xf5, 0, 0, 0, 0)), Status::kOk);
  EXPECT_EQ(PrepareWith(Insn(0xd3, 10, 0, 0, 0x100)), Status::kInvalid);
  for (const int imm : {-8, -512}) {
    EXPECT_EQ(PrepareWith(Insn(0xe5, 0, 0, 0, imm)), Status::kOk) << imm;
  }
  for (const int imm : {0, 8, -4, -520, INT32_MIN}) {
    EXPECT_EQ(PrepareWith(Insn(0xe5, 0, 0, 0, imm)), Status::kInvalid) << imm;
  }
  EXPECT_EQ(PrepareWith(Insn(0xe5, 0, 0, 2, -8)), Status::kInvalid);
}

TEST(ImageTest, RefusesDirectCallsThatThereAreNot) {
  for (const int index : {0, 1, -1, INT32_MIN}) {
    EXPECT_EQ(PrepareWith(Insn(0x85, 0, 15, 0, index)), Status::kInvalid);
  }
}

TEST(ImageTest, RefusesHelpersThatThereAreNot) {
  for (const int id : {0, -1, 100000, INT32_MIN}) {
    EXPECT_EQ(PrepareWith(Insn(0x85, 0, 0, 0, id)), Status::kInvalid) << id;
  }
}

TEST(ImageTest, WhatNoPathReachesNeedNotBeThere) {
  FailingAllocator allocator;
  const std::vector<isa::Insn> insns = {
      Insn(0xb7, 0, 0, 0, 7),          // r0 = 7
      Insn(0x55, 0, 0, 1, 0),          // if r0 != 0 goto +1
      Insn(0x85, 0, 0, 0, 195896080),  // what libbpf puts for a lost cause
      Insn(0x95, 0, 0, 0, 0),          // exit
      Insn(0xb7, 10, 0, 0, 1),         // r10 = 1, and the end
  };
  ProgramParts parts = PartsOf(insns, allocator);
  parts.facts = *allocator.NewArray<InsnFacts>(insns.size());
  parts.facts[2].never_reached = 1;
  EXPECT_EQ(Program::Create(parts, InterpreterEngine(), allocator).status(),
            Status::kInvalid);
  parts.facts[4].never_reached = 1;
  {
    Result<Ref<Program>> program =
        Program::Create(parts, InterpreterEngine(), allocator);
    ASSERT_TRUE(program.ok());
    const auto run = std::make_unique<RunContext>();
    Result<void*> image = InterpreterEngine().Prepare(**program);
    ASSERT_TRUE(image.ok());
    EXPECT_EQ(InterpreterEngine().Run(**program, *image, nullptr, *run), 7u);
    InterpreterEngine().Release(*image);
  }
}

TEST(ImageTest, GivesBackEverythingWhateverAllocationFails) {
  const std::vector<isa::Insn> insns =
      TestProgram().Constant(1, 7).MovImm(0, 0).Exit().insns();
  const auto body = [&](Allocator& allocator) {
    const ProgramParts parts = PartsOf(insns, allocator);
    if (parts.insns.empty()) {
      return;
    }
    Result<Ref<Program>> program =
        Program::Create(parts, InterpreterEngine(), allocator);
    if (!program.ok()) {
      EXPECT_EQ(program.status(), Status::kNoMemory);
      allocator.DeleteArray(parts.insns);
    }
  };
  EXPECT_GT(ForEachFailingAllocation("an interpreted program", body), 5u);
}

}  // namespace
}  // namespace ebpf
