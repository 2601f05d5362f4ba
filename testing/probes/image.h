// SPDX-License-Identifier: MIT
//
// The functions of a kernel's image, by its symbols.
#pragma once

#include <cstdint>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "core/base/span.h"

namespace ebpf::testing {

struct Function {
  uint64_t address;
  std::string name;
  ConstBytes code;
};

/// An ELF file's functions, each address once.
class Image {
 public:
  explicit Image(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
    if (bytes_.size() < sizeof(Elf64_Ehdr)) {
      return;
    }
    const auto& header = At<Elf64_Ehdr>(0);
    for (size_t i = 0; i < header.e_shnum; ++i) {
      const auto& section = Section(i);
      if (section.sh_type == SHT_SYMTAB) {
        ReadSymbols(section);
      }
    }
  }
  const std::map<uint64_t, Function>& functions() const { return functions_; }

 private:
  template <typename T>
  const T& At(size_t offset) const {
    return *reinterpret_cast<const T*>(bytes_.data() + offset);
  }
  const Elf64_Shdr& Section(size_t index) const {
    const auto& header = At<Elf64_Ehdr>(0);
    return At<Elf64_Shdr>(header.e_shoff + index * sizeof(Elf64_Shdr));
  }

  void ReadSymbols(const Elf64_Shdr& table) {
    const size_t names = Section(table.sh_link).sh_offset;
    for (size_t at = 0; at < table.sh_size; at += sizeof(Elf64_Sym)) {
      const auto& symbol = At<Elf64_Sym>(table.sh_offset + at);
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_size == 0 ||
          symbol.st_shndx == SHN_UNDEF || symbol.st_shndx >= SHN_LORESERVE) {
        continue;
      }
      const Elf64_Shdr& section = Section(symbol.st_shndx);
      const uint64_t offset = symbol.st_value - section.sh_addr;
      if ((section.sh_flags & SHF_EXECINSTR) == 0 ||
          section.sh_type == SHT_NOBITS ||
          offset + symbol.st_size > section.sh_size) {
        continue;
      }
      Function& function = functions_[symbol.st_value];
      if (function.code.size() < symbol.st_size) {
        function = {symbol.st_value, &At<char>(names + symbol.st_name),
                    ConstBytes(bytes_.data() + section.sh_offset + offset,
                               symbol.st_size)};
      }
    }
  }

  std::vector<uint8_t> bytes_;
  std::map<uint64_t, Function> functions_;
};

}  // namespace ebpf::testing
