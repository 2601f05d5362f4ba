// SPDX-License-Identifier: MIT
#include "tools/cli/kernel_types.h"

#include <cstdio>
#include <fstream>
#include <vector>

#include "core/elf/elf_reader.h"
#include "core/memory/allocator.h"
#include "gtest/gtest.h"
#include "tools/cli/failure.h"
#include "tools/cli/input.h"

namespace ebpf::cli {
namespace {

const char kObject[] = "tools/cli/testdata/shapes.x86_64.bpf.o";

/// A file of the test's own.
class TestFile {
 public:
  explicit TestFile(const std::string& bytes)
      : path_(testing::TempDir() + "/types") {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~TestFile() { (void)std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

std::string BtfOf(const std::string& object) {
  const elf::ElfReader reader = *elf::ElfReader::Open(ConstBytes(
      reinterpret_cast<const uint8_t*>(object.data()), object.size()));
  for (uint32_t i = 1; i < reader.section_count(); ++i) {
    const elf::Section section = *reader.SectionAt(i);
    if (section.name == ".BTF") {
      return {section.data.begin(), section.data.end()};
    }
  }
  return "";
}

std::string FailureOf(const std::string& path) {
  try {
    (void)ReadKernelTypes(path);
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "none";
}

TEST(KernelTypesTest, AnElfFileAndItsSectionAreTheSameTypes) {
  const TestFile section(BtfOf(ReadFile(kObject)));

  const Ref<btf::BtfObject> from_elf = ReadKernelTypes(kObject);
  const Ref<btf::BtfObject> from_section = ReadKernelTypes(section.path());

  EXPECT_GT(from_elf->btf().type_count(), 10u);
  EXPECT_EQ(from_elf->bytes().size(), from_section->bytes().size());
}

TEST(KernelTypesTest, WhatHasNoTypesIsRefused) {
  EXPECT_NE(FailureOf("no/such/file").find("No such file"), std::string::npos);
  const TestFile text("not types at all");
  EXPECT_NE(FailureOf(text.path()).find("is no BTF"), std::string::npos);
}

TEST(KernelTypesTest, CutElfFilesAreRefused) {
  // The section headers stand at the end: without them nothing is found.
  const std::string whole = ReadFile(kObject);
  for (size_t size = 0; size < whole.size() / 2; size += 97) {
    const TestFile cut(whole.substr(0, size));
    EXPECT_NE(FailureOf(cut.path()), "none") << size;
  }
}

TEST(KernelTypesTest, AnElfFileWithoutTypesSaysSo) {
  std::string object = ReadFile(kObject);
  for (size_t at = object.find(".BTF"); at != std::string::npos;
       at = object.find(".BTF", at)) {
    object[at] = '_';
  }
  const TestFile file(object);
  EXPECT_NE(FailureOf(file.path()).find("has no section .BTF"),
            std::string::npos);
}

TEST(KernelTypesTest, ASymbolThatNoKernelHasIsNotFound) {
  const Result<uint64_t> found = FindHostSymbol("no_kernel_has_this_symbol");
  // Where the host shows none at all, any is taken for granted.
  std::ifstream symbols("/proc/kallsyms");
  const bool shows_symbols =
      symbols.peek() != std::ifstream::traits_type::eof();
  EXPECT_EQ(found.ok(), !shows_symbols);
}

}  // namespace
}  // namespace ebpf::cli
