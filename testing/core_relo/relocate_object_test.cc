// SPDX-License-Identifier: MIT
#include "testing/core_relo/relocate_object.h"

#include <cstring>
#include <fstream>
#include <iterator>

#include "core/isa/insn.h"
#include "gtest/gtest.h"

namespace ebpf::testing_core_relo {
namespace {

std::vector<uint8_t> Read(const std::string& name) {
  std::ifstream in("core/btf/testdata/" + name + ".x86_64.bpf.o",
                   std::ios::binary);
  return std::vector<uint8_t>((std::istreambuf_iterator<char>(in)), {});
}

std::vector<isa::Insn> LoadsOf(const std::vector<uint8_t>& object) {
  const std::vector<uint8_t> code = SectionOf(object, "raw_tp/loads");
  std::vector<isa::Insn> insns(code.size() / sizeof(isa::Insn));
  memcpy(insns.data(), code.data(), code.size());
  return insns;
}

TEST(RelocateObjectTest, PatchesTheInstructionsInTheFile) {
  const std::vector<uint8_t> object = Read("program");

  const std::vector<uint8_t> relocated =
      RelocateObject(object, SectionOf(Read("kernel"), ".BTF"));

  // `r->wider`, a load of 4 bytes at 4, is one of 8 bytes at 8.
  EXPECT_EQ(relocated.size(), object.size());
  bool before = false;
  for (const isa::Insn& insn : LoadsOf(object)) {
    before |= insn.opcode == 0x61 && insn.offset == 4;
  }
  bool after = false;
  for (const isa::Insn& insn : LoadsOf(relocated)) {
    after |= insn.opcode == 0x79 && insn.offset == 8;
  }
  EXPECT_TRUE(before);
  EXPECT_TRUE(after);
}

TEST(RelocateObjectTest, LeavesNothingToRelocate) {
  const std::vector<uint8_t> kernel = SectionOf(Read("kernel"), ".BTF");
  const std::vector<uint8_t> once = RelocateObject(Read("program"), kernel);

  // A second time would find values that are no longer the program's own.
  EXPECT_EQ(RelocateObject(once, kernel), once);
}

TEST(RelocateObjectTest, SaysWhatCannotBeRelocated) {
  const std::vector<uint8_t> object = Read("program");

  EXPECT_THROW(RelocateObject(object, {}), std::runtime_error);
  EXPECT_THROW(RelocateObject({}, SectionOf(object, ".BTF")),
               std::runtime_error);
}

}  // namespace
}  // namespace ebpf::testing_core_relo
