// SPDX-License-Identifier: MIT
//
// Objects for the loader's tests: real ones, as clang makes them, and ones that
// no compiler would make.
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/base/span.h"
#include "core/elf/elf_reader.h"
#include "core/isa/insn.h"

namespace ebpf::loader {

/// A file of the test's data.
inline std::vector<uint8_t> ReadObject(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::vector<uint8_t>(std::istreambuf_iterator<char>(in), {});
}

inline ConstBytes ToBytes(const std::vector<uint8_t>& file) {
  return ConstBytes(file.data(), file.size());
}

/// Writes an ELF file section by section. [gABI]
class ElfBuilder {
 public:
  ElfBuilder() { AddSection("", 0, 0, {}); }

  /// Its index.
  uint32_t AddSection(const std::string& name, uint32_t type, uint64_t flags,
                      std::vector<uint8_t> data, uint32_t link = 0,
                      uint32_t info = 0) {
    sections_.push_back({name, type, flags, std::move(data), link, info});
    return static_cast<uint32_t>(sections_.size() - 1);
  }
  uint32_t AddCode(const std::string& name,
                   const std::vector<isa::Insn>& insns) {
    return AddSection(name, elf::kSectionProgBits,
                      elf::kFlagAlloc | elf::kFlagExec, BytesOfAll(insns));
  }

  /// Its index.
  uint32_t AddSymbol(const std::string& name, uint8_t type, uint32_t section,
                     uint64_t value, uint64_t size) {
    const auto at = static_cast<uint32_t>(names_.size());
    names_ += name + '\0';
    return AddSymbolAt(at, type, section, value, size);
  }
  /// With a name that is already there.
  uint32_t AddSymbolAt(uint32_t name, uint8_t type, uint32_t section,
                       uint64_t value, uint64_t size) {
    Append(symbols_, name);
    Append(symbols_, uint8_t(elf::kBindGlobal << 4 | type));
    Append(symbols_, uint8_t{0});
    Append(symbols_, static_cast<uint16_t>(section));
    Append(symbols_, value);
    Append(symbols_, size);
    return symbol_count_++;
  }

  struct Rel {
    uint64_t offset;
    uint32_t type;
    uint32_t symbol;
  };
  uint32_t AddRelocations(uint32_t section, const std::vector<Rel>& rels) {
    std::vector<uint8_t> data;
    for (const Rel& rel : rels) {
      Append(data, rel.offset);
      Append(data, uint64_t{rel.symbol} << 32 | rel.type);
    }
    return AddSection(".rel", elf::kSectionRel, 0, std::move(data), 0, section);
  }

  std::vector<uint8_t> Build() {
    const auto names = static_cast<uint32_t>(sections_.size());
    AddSection(".strtab", 3, 0, {names_.begin(), names_.end()});
    AddSection(".symtab", elf::kSectionSymTab, 0, symbols_, names);
    std::string section_names;
    std::vector<uint32_t> name_at;
    sections_.push_back({".shstrtab", 3, 0, {}, 0, 0});
    for (const Section& section : sections_) {
      name_at.push_back(static_cast<uint32_t>(section_names.size()));
      section_names += section.name + '\0';
    }
    sections_.back().data = {section_names.begin(), section_names.end()};
    return Write(name_at);
  }

 private:
  struct Section {
    std::string name;
    uint32_t type;
    uint64_t flags;
    std::vector<uint8_t> data;
    uint32_t link;
    uint32_t info;
  };

  template <typename T>
  static void Append(std::vector<uint8_t>& to, T value) {
    const size_t at = to.size();
    to.resize(at + sizeof(T));
    memcpy(to.data() + at, &value, sizeof(T));
  }
  static std::vector<uint8_t> BytesOfAll(const std::vector<isa::Insn>& insns) {
    std::vector<uint8_t> bytes(insns.size() * sizeof(isa::Insn));
    if (!insns.empty()) {
      memcpy(bytes.data(), insns.data(), bytes.size());
    }
    return bytes;
  }

  std::vector<uint8_t> Write(const std::vector<uint32_t>& name_at) const {
    std::vector<uint8_t> file = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    file.resize(16);
    Append(file, uint16_t{1});    // ET_REL
    Append(file, uint16_t{247});  // EM_BPF
    Append(file, uint32_t{1});
    Append(file, uint64_t{0});
    Append(file, uint64_t{0});
    const size_t headers_at_field = file.size();
    Append(file, uint64_t{0});
    Append(file, uint32_t{0});
    for (uint16_t field : {64, 0, 0, 64}) {
      Append(file, field);
    }
    Append(file, static_cast<uint16_t>(sections_.size()));
    Append(file, static_cast<uint16_t>(sections_.size() - 1));
    std::vector<uint64_t> offsets;
    for (const Section& section : sections_) {
      offsets.push_back(file.size());
      file.insert(file.end(), section.data.begin(), section.data.end());
    }
    const uint64_t headers_at = file.size();
    memcpy(file.data() + headers_at_field, &headers_at, sizeof(headers_at));
    for (size_t i = 0; i < sections_.size(); ++i) {
      const Section& section = sections_[i];
      Append(file, name_at[i]);
      Append(file, section.type);
      Append(file, section.flags);
      Append(file, uint64_t{0});
      Append(file, offsets[i]);
      Append(file, uint64_t{section.data.size()});
      Append(file, section.link);
      Append(file, section.info);
      Append(file, uint64_t{8});
      Append(file, uint64_t{0});
    }
    return file;
  }

  std::vector<Section> sections_;
  std::string names_ = std::string(1, '\0');
  std::vector<uint8_t> symbols_ = std::vector<uint8_t>(24, 0);
  uint32_t symbol_count_ = 1;
};

// Instructions. [RFC 9669]
inline isa::Insn CallOf(int32_t distance) {
  return {0x85, 0, isa::kCallSubprogram, 0, distance};
}
inline isa::Insn ReturnZero() { return {0xb7, 0, 0, 0, 0}; }
inline isa::Insn ExitInsn() { return {0x95, 0, 0, 0, 0}; }
inline isa::Insn ConstantLow(int32_t imm = 0) { return {0x18, 1, 0, 0, imm}; }
inline isa::Insn ConstantHigh() { return {0, 0, 0, 0, 0}; }

}  // namespace ebpf::loader
