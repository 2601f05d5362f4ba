// SPDX-License-Identifier: MIT
#include "core/elf/elf_reader.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf::elf {
namespace {

/// A real object, compiled by clang.
std::vector<uint8_t> RealObject() {
  std::ifstream in("testing/programs/count.x86_64.bpf.o", std::ios::binary);
  return std::vector<uint8_t>(std::istreambuf_iterator<char>(in), {});
}

ConstBytes BytesOf(const std::vector<uint8_t>& file) {
  return ConstBytes(file.data(), file.size());
}

/// Reads everything that can be read; whatever the file says, this must end
/// and stay inside the file.
void ReadAll(ConstBytes file) {
  Result<ElfReader> reader = ElfReader::Open(file);
  if (!reader.ok()) {
    return;
  }
  uint64_t sum = 0;
  for (uint32_t i = 0; i < reader->section_count(); ++i) {
    Result<Section> section = reader->SectionAt(i);
    if (!section.ok()) {
      continue;
    }
    sum += section->name.size();
    for (uint8_t byte : section->data) {
      sum += byte;
    }
    if (section->type == kSectionRel) {
      for (uint32_t r = 0; r < ElfReader::RelocationCount(*section); ++r) {
        sum += ElfReader::RelocationAt(*section, r).offset;
      }
    }
  }
  for (uint32_t i = 0; i < reader->symbol_count(); ++i) {
    Result<Symbol> symbol = reader->SymbolAt(i);
    if (symbol.ok() && reader->NameOf(*symbol).ok()) {
      sum += reader->NameOf(*symbol)->size();
    }
  }
  volatile uint64_t sink = sum;
  (void)sink;
}

class RealObjectTest : public testing::Test {
 protected:
  void SetUp() override {
    file_ = RealObject();
    ASSERT_FALSE(file_.empty()) << "the object is not among the test's data";
  }

  std::vector<uint8_t> file_;
};

TEST_F(RealObjectTest, HasTheSectionsThatClangMakes) {
  Result<ElfReader> reader = ElfReader::Open(BytesOf(file_));
  ASSERT_TRUE(reader.ok());

  std::vector<std::string> names;
  for (uint32_t i = 0; i < reader->section_count(); ++i) {
    Result<Section> section = reader->SectionAt(i);
    ASSERT_TRUE(section.ok());
    names.emplace_back(section->name.data(), section->name.size());
  }

  for (const char* expected :
       {".text", "kprobe", ".relkprobe", ".maps", ".rodata", ".bss", "license",
        ".BTF", ".BTF.ext", ".symtab", ".strtab"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), expected), names.end())
        << expected;
  }
}

TEST_F(RealObjectTest, NamesItsFunctionsAndMaps) {
  Result<ElfReader> reader = ElfReader::Open(BytesOf(file_));
  ASSERT_TRUE(reader.ok());
  bool found_function = false;
  bool found_map = false;

  for (uint32_t i = 0; i < reader->symbol_count(); ++i) {
    Result<Symbol> symbol = reader->SymbolAt(i);
    ASSERT_TRUE(symbol.ok());
    const StringView name = *reader->NameOf(*symbol);
    found_function |=
        name == "count" && symbol->type == kSymbolFunction && symbol->size > 0;
    found_map |= name == "hits" && symbol->type == kSymbolObject;
  }

  EXPECT_TRUE(found_function);
  EXPECT_TRUE(found_map);
}

TEST_F(RealObjectTest, EveryTruncationIsReadWithoutLeavingTheFile) {
  for (size_t size = 0; size < file_.size(); ++size) {
    // A copy of exactly this size, so that ASan sees a byte too many.
    const std::vector<uint8_t> cut(file_.begin(),
                                   file_.begin() + static_cast<long>(size));
    ReadAll(BytesOf(cut));
  }
}

TEST_F(RealObjectTest, EveryByteOfTheHeaderMayBeWrong) {
  for (size_t at = 0; at < 64; ++at) {
    for (uint8_t value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      std::vector<uint8_t> file = file_;
      file[at] = value;
      ReadAll(BytesOf(file));
    }
  }
}

TEST_F(RealObjectTest, EverySectionHeaderByteMayBeWrong) {
  uint64_t section_offset;
  memcpy(&section_offset, file_.data() + 40, sizeof(section_offset));
  for (size_t at = section_offset; at < file_.size(); ++at) {
    for (uint8_t value : {0x00, 0x7f, 0xff}) {
      std::vector<uint8_t> file = file_;
      file[at] = value;
      ReadAll(BytesOf(file));
    }
  }
}

TEST_F(RealObjectTest, RefusesOtherMachinesAndFileTypes) {
  std::vector<uint8_t> executable = file_;
  executable[16] = 2;  // ET_EXEC
  std::vector<uint8_t> x86 = file_;
  x86[18] = 62;  // EM_X86_64
  std::vector<uint8_t> big_endian = file_;
  big_endian[5] = 2;

  EXPECT_EQ(ElfReader::Open(BytesOf(executable)).status(), Status::kBadExec);
  EXPECT_EQ(ElfReader::Open(BytesOf(x86)).status(), Status::kBadExec);
  EXPECT_EQ(ElfReader::Open(BytesOf(big_endian)).status(), Status::kBadExec);
}

TEST(ElfReaderTest, RefusesAnEmptyFile) {
  EXPECT_EQ(ElfReader::Open(ConstBytes()).status(), Status::kBadExec);
}

TEST_F(RealObjectTest, RefusesIndicesBeyondTheLast) {
  Result<ElfReader> reader = ElfReader::Open(BytesOf(file_));
  ASSERT_TRUE(reader.ok());

  EXPECT_EQ(reader->SectionAt(reader->section_count()).status(),
            Status::kInvalid);
  EXPECT_EQ(reader->SymbolAt(reader->symbol_count()).status(),
            Status::kBadExec);
}

}  // namespace
}  // namespace ebpf::elf
