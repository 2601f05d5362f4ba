// SPDX-License-Identifier: MIT
//
// Small kernel images for tests: a linked ELF file out of code and symbols.
#pragma once

#include <cstdint>
#include <cstring>
#include <elf.h>
#include <string>
#include <vector>

namespace ebpf::cli {

struct TestSymbol {
  std::string name;
  uint64_t offset;  // in its section
  uint64_t size;
  uint8_t type = STT_FUNC;
  uint16_t section = 1;
  uint32_t name_at = 0;  // not 0: where in the string table its name is
};

struct TestImage {
  uint16_t machine = EM_X86_64;
  uint16_t type = ET_EXEC;
  std::vector<uint8_t> text;  // section 1, ".text"
  std::vector<uint8_t> more;  // section 2
  std::string more_name = "ebpf_noprobe";
  std::vector<TestSymbol> symbols;
  bool stripped = false;
  bool more_is_text = false;  // section 2 is the bytes of section 1
  bool second_table = false;

  static constexpr uint64_t kText = 0xffff'8000'0010'0000;
  static constexpr uint64_t kMore = kText + 0x10000;

  std::string Build() const {
    std::string file(sizeof(Elf64_Ehdr), '\0');
    std::string names(1, '\0');
    std::vector<Elf64_Shdr> sections(1);
    const auto add = [&](const std::string& name, uint32_t section_type,
                         uint64_t flags, uint64_t address,
                         const std::string& bytes) {
      Elf64_Shdr section{};
      section.sh_name = static_cast<uint32_t>(names.size());
      names += name + '\0';
      section.sh_type = section_type;
      section.sh_flags = flags;
      section.sh_addr = address;
      section.sh_offset = file.size();
      section.sh_size = bytes.size();
      file += bytes;
      sections.push_back(section);
    };
    constexpr uint64_t kCode = SHF_ALLOC | SHF_EXECINSTR;
    add(".text", SHT_PROGBITS, kCode, kText, {text.begin(), text.end()});
    add(more_name, SHT_PROGBITS, kCode, kMore, {more.begin(), more.end()});
    if (more_is_text) {
      sections[2].sh_offset = sections[1].sh_offset;
      sections[2].sh_size = sections[1].sh_size;
    }
    std::string strings(1, '\0');
    const std::string table = SymbolTable(strings);
    add(".strtab", SHT_STRTAB, 0, 0, strings);
    if (!stripped) {
      add(".symtab", SHT_SYMTAB, 0, 0, table);
      sections.back().sh_link = 3;
      if (second_table) {
        sections.push_back(sections.back());
      }
    }
    add(".shstrtab", SHT_STRTAB, 0, 0, "");
    sections.back().sh_offset = file.size();
    sections.back().sh_size = names.size();
    file += names;
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = type;
    header.e_machine = machine;
    header.e_shoff = file.size();
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = static_cast<uint16_t>(sections.size());
    header.e_shstrndx = static_cast<uint16_t>(sections.size() - 1);
    std::memcpy(file.data(), &header, sizeof(header));
    file.append(reinterpret_cast<const char*>(sections.data()),
                sections.size() * sizeof(Elf64_Shdr));
    return file;
  }

 private:
  std::string SymbolTable(std::string& strings) const {
    std::string table(sizeof(Elf64_Sym), '\0');
    for (const TestSymbol& symbol : symbols) {
      Elf64_Sym entry{};
      entry.st_name = symbol.name_at != 0
                          ? symbol.name_at
                          : static_cast<uint32_t>(strings.size());
      strings += symbol.name + '\0';
      entry.st_info = symbol.type;
      entry.st_shndx = symbol.section;
      entry.st_value = (symbol.section == 1 ? kText : kMore) + symbol.offset;
      entry.st_size = symbol.size;
      table.append(reinterpret_cast<const char*>(&entry), sizeof(entry));
    }
    return table;
  }
};

}  // namespace ebpf::cli
