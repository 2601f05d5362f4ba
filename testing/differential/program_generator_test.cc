// SPDX-License-Identifier: MIT
#include "testing/differential/program_generator.h"

#include <cstring>
#include <set>

#include "gtest/gtest.h"

namespace ebpf::differential {
namespace {

TEST(ProgramGeneratorTest, TheSameSeedGivesTheSamePrograms) {
  ProgramGenerator a(7, {});
  ProgramGenerator b(7, {});
  ProgramGenerator other(8, {});
  size_t different = 0;
  for (int i = 0; i < 50; ++i) {
    const GeneratedProgram first = a.Next().program;
    const GeneratedProgram second = b.Next().program;
    ASSERT_EQ(first.insns.size(), second.insns.size());
    EXPECT_EQ(std::memcmp(first.insns.data(), second.insns.data(),
                          first.insns.size() * sizeof(isa::Insn)),
              0);
    EXPECT_EQ(std::memcmp(&first.input, &second.input, sizeof(MapValue)), 0);
    different += other.Next().program.insns.size() != first.insns.size();
  }
  EXPECT_GT(different, 25u);
}

TEST(ProgramGeneratorTest, JumpsGoToInstructionsInsideTheProgram) {
  ProgramGenerator generator(1, {});
  for (int i = 0; i < 500; ++i) {
    const GeneratedProgram program = generator.Next().program;
    const isa::ConstInsns insns(program.insns.data(), program.insns.size());
    std::set<int64_t> starts;
    std::set<int64_t> targets;
    for (size_t index = 0; index < insns.size();) {
      isa::DecodedInsn insn;
      ASSERT_EQ(isa::Decode(insns, index, insn), isa::DecodeError::kNone);
      starts.insert(static_cast<int64_t>(index));
      const auto next = static_cast<int64_t>(index) + insn.slots;
      if (insn.info().family == isa::Family::kJump ||
          insn.op == isa::Op::kGoto || insn.op == isa::Op::kGotoLong) {
        // Back goes only what has counted down.
        EXPECT_TRUE(insn.jump_offset() >= 0 || insn.op == isa::Op::kJSGt64Imm);
        targets.insert(next + insn.jump_offset());
      } else if (insn.op == isa::Op::kCallSubprogram ||
                 insn.op == isa::Op::kLoadFunc) {
        targets.insert(static_cast<int64_t>(index) + 1 + insn.imm);
      }
      index += insn.slots;
    }
    for (const int64_t target : targets) {
      EXPECT_TRUE(starts.contains(target));
    }
  }
}

TEST(ProgramGeneratorTest, DetoursAreTwoInstructionsAfterEachFetch) {
  ProgramGenerator generator(3, {});
  for (int i = 0; i < 200; ++i) {
    const ProgramPair pair = generator.Next();
    size_t fetches = 0;
    for (const isa::Insn& insn : pair.program.insns) {
      fetches += (insn.opcode == 0xc3 || insn.opcode == 0xdb) && (insn.imm & 1);
    }
    EXPECT_EQ(pair.detoured.insns.size(),
              pair.program.insns.size() + 2 * fetches);
  }
}

TEST(ProgramGeneratorTest, AThirdAndMoreHaveLoopsAndCalls) {
  ProgramGenerator generator(6, {});
  unsigned loops = 0;
  unsigned calls = 0;
  unsigned callbacks = 0;
  for (int i = 0; i < 1000; ++i) {
    const GeneratedProgram program = generator.Next().program;
    loops += program.has_loop ? 1 : 0;
    calls += program.has_call ? 1 : 0;
    callbacks += program.has_callback ? 1 : 0;
  }
  EXPECT_GE(loops, 300u);
  EXPECT_GE(calls, 300u);
  EXPECT_GE(callbacks, 100u);
}

TEST(ProgramGeneratorTest, OlderKernelsGetNoneOfTheNewerInstructions) {
  ProgramGenerator generator(4, {.v4 = false, .acquire = false});
  std::set<isa::Op> ops;
  for (int i = 0; i < 500; ++i) {
    const GeneratedProgram program = generator.Next().program;
    const isa::ConstInsns insns(program.insns.data(), program.insns.size());
    for (size_t index = 0; index < insns.size();) {
      isa::DecodedInsn insn;
      ASSERT_EQ(isa::Decode(insns, index, insn), isa::DecodeError::kNone);
      ops.insert(insn.op);
      index += insn.slots;
    }
  }
  for (const isa::Op op :
       {isa::Op::kSDiv32Imm, isa::Op::kSMod64Reg, isa::Op::kMovSx864Reg,
        isa::Op::kSwap16, isa::Op::kLoadS8, isa::Op::kGotoLong,
        isa::Op::kLoadAcquireU8}) {
    EXPECT_FALSE(ops.contains(op)) << isa::InfoOf(op).name;
    EXPECT_TRUE(Generates(op, {})) << isa::InfoOf(op).name;
  }
  EXPECT_GT(ops.size(), 120u);
}

}  // namespace
}  // namespace ebpf::differential
