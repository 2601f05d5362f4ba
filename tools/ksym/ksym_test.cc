// SPDX-License-Identifier: MIT
//
// Lets ksym.py read this very program, and compares the blob, as core/symbols
// reads it, with the addresses that the program knows of its own functions.
#include <algorithm>
#include <cstdlib>
#include <elf.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <link.h>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/symbols/symbol_table.h"
#include "gtest/gtest.h"

extern "C" {
[[gnu::noinline]] int ksym_test_first(int x) { return x * 3 + 1; }
[[gnu::noinline, gnu::used, gnu::retain]] int ksym_test_second(int x) {
  return x * 5 + 2;
}
[[gnu::alias("ksym_test_second")]] int ksym_test_alias(int x);
int ksym_test_data = 7;
}

namespace ebpf {
namespace {

int StoreSlide(dl_phdr_info* info, size_t /*size*/, void* slide) {
  *static_cast<uint64_t*>(slide) = info->dlpi_addr;
  return 1;  // the first object is the program
}

uint64_t Address(int (*function)(int)) {
  return reinterpret_cast<uint64_t>(function);
}

int RunTool(const std::string& arguments) {
  return std::system(("tools/ksym/ksym.py " + arguments).c_str());
}

/// The program's path: in the tool, /proc/self/exe is the tool.
std::string ThisProgram() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

/// Bazel's data, or the system's when the test is run by hand.
std::string ObjcopyPath() {
  const std::string path = "external/llvm/bin/llvm-objcopy";
  return std::filesystem::exists("../llvm/bin/llvm-objcopy")
             ? "../llvm/bin/llvm-objcopy"
         : std::filesystem::exists(path) ? path
                                         : "llvm-objcopy-19";
}

std::string OutputPath() {
  const char* directory = std::getenv("TEST_TMPDIR");
  return std::string(directory != nullptr ? directory : ".") + "/self.ksym";
}

std::vector<uint8_t> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class KsymTest : public testing::Test {
 protected:
  KsymTest() {
    uint64_t slide = 0;
    dl_iterate_phdr(StoreSlide, &slide);
    EXPECT_EQ(RunTool(ThisProgram() + " -o " + OutputPath()), 0);
    blob_ = ReadFile(OutputPath());
    auto table =
        SymbolTable::Open(ConstBytes(blob_.data(), blob_.size()), slide);
    EXPECT_TRUE(table.ok());
    if (table.ok()) {
      table_ = *table;
    }
  }

  std::vector<uint8_t> blob_;
  SymbolTable table_;
};

TEST_F(KsymTest, GivesFunctionsTheirNamesAndAddresses) {
  const auto first = table_.FindByName("ksym_test_first");
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->address, Address(ksym_test_first));

  const auto inside = table_.FindByAddress(Address(ksym_test_first) + 1);
  ASSERT_TRUE(inside.ok());
  char name[64];
  const size_t size = table_.CopyName(inside->index, name);
  EXPECT_EQ(std::string(name, size), "ksym_test_first");
}

TEST_F(KsymTest, KeepsAliases) {
  const auto second = table_.FindByName("ksym_test_second");
  const auto alias = table_.FindByName("ksym_test_alias");
  ASSERT_TRUE(second.ok());
  ASSERT_TRUE(alias.ok());
  EXPECT_EQ(second->address, alias->address);
  EXPECT_EQ(second->size, alias->size);
}

TEST_F(KsymTest, LeavesDataOut) {
  EXPECT_FALSE(table_.FindByName("ksym_test_data").ok());
}

/// The functions in this program's symbol table: their addresses and names.
std::set<std::pair<uint64_t, std::string>> FunctionsOfThisProgram() {
  const std::vector<uint8_t> file = ReadFile(ThisProgram());
  const auto* header = reinterpret_cast<const Elf64_Ehdr*>(file.data());
  const auto* sections =
      reinterpret_cast<const Elf64_Shdr*>(file.data() + header->e_shoff);
  std::set<std::pair<uint64_t, std::string>> found;
  for (size_t i = 0; i < header->e_shnum; ++i) {
    const Elf64_Shdr& section = sections[i];
    const auto* symbols =
        reinterpret_cast<const Elf64_Sym*>(file.data() + section.sh_offset);
    const size_t count = section.sh_size / sizeof(Elf64_Sym);
    for (size_t k = 0; section.sh_type == SHT_SYMTAB && k < count; ++k) {
      const char* names = reinterpret_cast<const char*>(
          file.data() + sections[section.sh_link].sh_offset);
      if (ELF64_ST_TYPE(symbols[k].st_info) == STT_FUNC &&
          symbols[k].st_shndx != SHN_UNDEF) {
        found.emplace(symbols[k].st_value, names + symbols[k].st_name);
      }
    }
  }
  return found;
}

TEST_F(KsymTest, KnowsAWholeProgram) {
  uint64_t slide = 0;
  dl_iterate_phdr(StoreSlide, &slide);
  std::set<std::pair<uint64_t, std::string>> found;
  for (size_t i = 0; i < table_.size(); ++i) {
    const Symbol symbol = table_.At(i);
    std::string name(table_.CopyName(i, {}), '#');
    table_.CopyName(i, {name.data(), name.size()});
    found.emplace(symbol.address - slide, name);
    EXPECT_EQ(table_.FindByAddress(symbol.address)->address, symbol.address);
    EXPECT_NE(table_.FindByName({name.data(), name.size()}).status(),
              Status::kNotFound)
        << name;
  }
  EXPECT_GT(found.size(), 100u);
  EXPECT_EQ(found, FunctionsOfThisProgram());
}

TEST_F(KsymTest, NamesTakeLessThanHalfOfTheirLength) {
  size_t characters = 0;
  for (size_t i = 0; i < table_.size(); ++i) {
    characters += table_.CopyName(i, {});
  }
  EXPECT_LT(blob_.size() - 6 * table_.size(), characters / 2);
}

TEST_F(KsymTest, CheckAcceptsTheSameFileAndRefusesAnother) {
  EXPECT_EQ(RunTool(ThisProgram() + " --check " + OutputPath()), 0);
  blob_[40] ^= 1;
  std::ofstream(OutputPath(), std::ios::binary)
      .write(reinterpret_cast<const char*>(blob_.data()), blob_.size());
  EXPECT_NE(RunTool(ThisProgram() + " --check " + OutputPath() + " 2>&1"), 0);
}

TEST_F(KsymTest, CheckRefusesAnotherBlobInside) {
  // A copy of this program with a section .ksym that has other bytes.
  const std::string copy = OutputPath() + ".elf";
  const std::string command = ObjcopyPath() +
                              " --add-section .ksym=" + OutputPath() + " " +
                              ThisProgram() + " " + copy;
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(RunTool(copy + " --check " + OutputPath()), 0);
  auto bytes = ReadFile(copy);
  const auto at =
      std::search(bytes.begin(), bytes.end(), blob_.begin(), blob_.end());
  ASSERT_NE(at, bytes.end());
  *(at + 20) ^= 1;
  std::ofstream(copy, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  EXPECT_NE(RunTool(copy + " --check " + OutputPath() + " 2>&1"), 0);
}

/// As Linux's kallsyms: the others are there all the same.
TEST_F(KsymTest, LeavesOutNamesThatNobodyCouldAskFor) {
  const std::string copy = OutputPath() + ".elf";
  const std::string blob_path = OutputPath() + ".long";
  const std::string command =
      ObjcopyPath() +
      " --redefine-sym ksym_test_alias=" + std::string(5000, 'n') + " " +
      ThisProgram() + " " + copy;
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(RunTool(copy + " -o " + blob_path + " 2>" + blob_path + ".log"), 0);
  const auto log = ReadFile(blob_path + ".log");
  EXPECT_NE(std::string(log.begin(), log.end()).find("left out"),
            std::string::npos);
  const auto bytes = ReadFile(blob_path);
  const auto table = SymbolTable::Open(ConstBytes(bytes.data(), bytes.size()));
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->size(), table_.size() - 1);
  EXPECT_TRUE(table->FindByName("ksym_test_second").ok());
  EXPECT_FALSE(table->FindByName("ksym_test_alias").ok());
}

TEST_F(KsymTest, SaysWhatIsWrongWithAFileInOneLine) {
  auto bytes = ReadFile(ThisProgram());
  auto* header = reinterpret_cast<Elf64_Ehdr*>(bytes.data());
  header->e_shstrndx = 0xfffe;
  const std::string copy = OutputPath() + ".elf";
  const std::string log_path = OutputPath() + ".log";
  std::ofstream(copy, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  EXPECT_NE(RunTool(copy + " --check " + OutputPath() + " 2>" + log_path), 0);
  const auto log = ReadFile(log_path);
  EXPECT_EQ(std::string(log.begin(), log.end()),
            copy + ": bad section names\n");
}

TEST(KsymToolTest, RefusesAFileThatIsNoKernel) {
  EXPECT_NE(RunTool("tools/ksym/ksym.py -o " + OutputPath() + " 2>&1"), 0);
}

}  // namespace
}  // namespace ebpf
