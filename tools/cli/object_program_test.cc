// SPDX-License-Identifier: MIT
#include "tools/cli/object_program.h"

#include "core/isa/decode.h"
#include "gtest/gtest.h"
#include "tools/cli/engines.h"
#include "tools/cli/failure.h"
#include "tools/cli/input.h"

namespace ebpf::cli {
namespace {

std::vector<uint8_t> Shapes() {
  const std::string text = ReadFile("tools/cli/testdata/shapes.x86_64.bpf.o");
  return {text.begin(), text.end()};
}

TEST(ObjectProgramTest, FindsAProgramByNameOrNumber) {
  const Runtime runtime;
  EXPECT_EQ(LinkProgram(Shapes(), "sum").name, "sum");
  EXPECT_EQ(LinkProgram(Shapes(), "1").name, "sum");
}

TEST(ObjectProgramTest, NamesTheProgramsThereAre) {
  const Runtime runtime;
  try {
    LinkProgram(Shapes(), "nonsense");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_STREQ(failure.what(),
                 "the object has no program 'nonsense', but: 0 answer, 1 sum, "
                 "2 triangle, 3 globals, 4 hash");
  }
  EXPECT_THROW(LinkProgram(Shapes(), std::nullopt), Failure);
}

TEST(ObjectProgramTest, PutsMapsAddressesIntoTheInstructions) {
  const Runtime runtime;
  const LinkedProgram linked = LinkProgram(Shapes(), "hash");
  const isa::ConstInsns insns(linked.insns.data(), linked.insns.size());
  unsigned references = 0;
  for (size_t i = 0; i < insns.size();) {
    isa::DecodedInsn insn;
    ASSERT_EQ(isa::Decode(insns, i, insn), isa::DecodeError::kNone);
    for (size_t map = 0; map < linked.maps.size(); ++map) {
      if (insn.op == isa::Op::kLoadImm64 &&
          insn.imm64() == reinterpret_cast<uint64_t>(linked.maps[map].get())) {
        EXPECT_EQ(linked.map_names[map], "values");
        ++references;
      }
    }
    i += insn.slots;
  }
  EXPECT_EQ(references, 2u);
}

TEST(ObjectProgramTest, FillsGlobalDataIn) {
  const Runtime runtime;
  const LinkedProgram linked = LinkProgram(Shapes(), "globals");
  bool found = false;
  for (size_t map = 0; map < linked.maps.size(); ++map) {
    if (linked.map_names[map] == ".data") {
      found = true;
      EXPECT_EQ(*reinterpret_cast<const uint64_t*>(
                    linked.maps[map]->DirectValue()->data()),
                2u);
    }
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace ebpf::cli
