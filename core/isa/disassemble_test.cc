// SPDX-License-Identifier: MIT
#include "core/isa/disassemble.h"

#include <set>
#include <string>

#include "core/isa/golden_file.h"
#include "gtest/gtest.h"

namespace ebpf::isa {
namespace {

std::string TextOf(const DecodedInsn& insn) {
  char buffer[128];
  TextWriter writer(buffer, sizeof(buffer));
  Disassemble(insn, writer);
  EXPECT_FALSE(writer.truncated());
  return std::string(buffer, writer.text().size());
}

DecodedInsn Decoded(const GoldenInsn& golden) {
  DecodedInsn insn;
  EXPECT_EQ(
      Decode(ConstInsns(golden.slots.data(), golden.slots.size()), 0, insn),
      DecodeError::kNone)
      << golden.text;
  EXPECT_EQ(insn.slots, golden.slots.size()) << golden.text;
  return insn;
}

TEST(DisassembleTest, PrintsEachInstructionAsLlvmDoes) {
  std::set<Op> seen;
  for (const char* file : {"every_insn.golden", "llvm20.golden"}) {
    for (const GoldenInsn& golden : ReadGolden(file)) {
      const DecodedInsn insn = Decoded(golden);
      EXPECT_EQ(TextOf(insn), golden.text);
      seen.insert(insn.op);
    }
  }
  for (size_t i = 0; i < kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    EXPECT_TRUE(seen.contains(op) || InfoOf(op).family == Family::kInternal)
        << InfoOf(op).name << " has no line in every_insn.s";
  }
}

TEST(DisassembleTest, NamesWhatOnlyFixupMakes) {
  const auto text_of = [](const Insn& insn) {
    DecodedInsn out;
    EXPECT_EQ(DecodeFixed(ConstInsns(&insn, 1), 0, out), DecodeError::kNone);
    return TextOf(out);
  };
  EXPECT_EQ(text_of({0xe7, 3, 0, 0, 0}), "r3 = run");
  EXPECT_EQ(text_of({0xf5, 0, 0, 0, 0}), "tail_call");
  EXPECT_EQ(text_of({0x85, 0, 15, 0, 2}), "call_direct 0x2");
}

TEST(DisassembleTest, PrintsACompiledProgramAsLlvmDoes) {
  const std::vector<GoldenInsn> program = ReadGolden("sample.golden");
  ASSERT_GT(program.size(), 50u);
  for (const GoldenInsn& golden : program) {
    EXPECT_EQ(TextOf(Decoded(golden)), golden.text);
  }
}

TEST(DisassembleTest, CountsWhatDoesNotFit) {
  DecodedInsn insn;
  insn.op = Op::kMov64Reg;
  insn.dst = 10;
  insn.src = 10;
  char buffer[4];
  TextWriter writer(buffer, sizeof(buffer));

  Disassemble(insn, writer);

  EXPECT_EQ(writer.wanted(), std::string("r10 = r10").size());
  EXPECT_TRUE(writer.text() == "r10 ");
}

}  // namespace
}  // namespace ebpf::isa
