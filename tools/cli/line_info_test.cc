// SPDX-License-Identifier: MIT
#include "tools/cli/line_info.h"

#include <vector>

#include "core/base/optional.h"
#include "gtest/gtest.h"
#include "tools/cli/input.h"

namespace ebpf::cli {
namespace {

std::vector<uint8_t> Shapes() {
  const std::string text = ReadFile("tools/cli/testdata/shapes.x86_64.bpf.o");
  return {text.begin(), text.end()};
}

elf::ElfReader Open(const std::vector<uint8_t>& bytes) {
  return *elf::ElfReader::Open(ConstBytes(bytes.data(), bytes.size()));
}

uint32_t SectionOf(const elf::ElfReader& elf, std::string_view name) {
  for (uint32_t i = 0; i < elf.section_count(); ++i) {
    const StringView found = elf.SectionAt(i)->name;
    if (name == std::string_view(found.data(), found.size())) {
      return i;
    }
  }
  return 0;
}

TEST(LineInfoTest, TellsTheLineOfEachInstruction) {
  const std::vector<uint8_t> bytes = Shapes();
  const elf::ElfReader elf = Open(bytes);
  const LineInfo lines(elf);
  const uint32_t section = SectionOf(elf, "kprobe/function");
  ASSERT_NE(section, 0u);

  const SourceLine* first = lines.At(section, 0);
  ASSERT_NE(first, nullptr);
  EXPECT_TRUE(first->file.ends_with("tools/cli/testdata/shapes.bpf.c"));
  EXPECT_NE(first->text.find("return 42;"), std::string::npos);
  EXPECT_GT(first->line, 10u);
  EXPECT_GT(first->column, 0u);
  // `exit` belongs to the line before it.
  EXPECT_EQ(lines.At(section, 1), first);
}

TEST(LineInfoTest, KnowsNothingOfOtherSections) {
  const std::vector<uint8_t> bytes = Shapes();
  const elf::ElfReader elf = Open(bytes);
  const LineInfo lines(elf);

  EXPECT_EQ(lines.At(SectionOf(elf, "license"), 0), nullptr);
  EXPECT_EQ(lines.At(9999, 0), nullptr);
}

TEST(LineInfoTest, TakesDamagedTablesForNone) {
  std::vector<uint8_t> bytes = Shapes();
  size_t read = 0;
  for (const char* name : {".BTF.ext", ".BTF"}) {
    const elf::ElfReader whole = Open(bytes);
    const ConstBytes data = whole.SectionAt(SectionOf(whole, name))->data;
    const size_t begin = static_cast<size_t>(data.data() - bytes.data());
    for (size_t i = 0; i < data.size(); ++i) {
      for (const uint8_t value : {0x00, 0x7f, 0xff}) {
        const uint8_t before = bytes[begin + i];
        bytes[begin + i] = value;
        const elf::ElfReader elf = Open(bytes);
        const LineInfo lines(elf);
        read += lines.At(SectionOf(elf, "kprobe/function"), 0) != nullptr;
        bytes[begin + i] = before;
      }
    }
  }
  EXPECT_GT(read, 0u);
}

}  // namespace
}  // namespace ebpf::cli
