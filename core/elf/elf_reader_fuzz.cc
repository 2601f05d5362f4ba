// SPDX-License-Identifier: MIT
//
// libFuzzer over the ELF reader: whatever the file says, reading all of it ends
// and stays inside.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "core/elf/elf_reader.h"

namespace {

using ebpf::ConstBytes;
using ebpf::Result;
using ebpf::StringView;
using ebpf::elf::ElfReader;
using ebpf::elf::Section;
using ebpf::elf::Symbol;

/// What is read is summed up here, so that nothing is optimised away.
volatile uint64_t sink;

void Use(StringView text) {
  uint64_t sum = 0;
  for (char c : text) {
    sum += static_cast<uint8_t>(c);
  }
  sink = sink + sum;
}

void UseSection(const ElfReader& reader, const Section& section) {
  Use(section.name);
  uint64_t sum = 0;
  for (uint8_t byte : section.data) {
    sum += byte;
  }
  if (section.type == ebpf::elf::kSectionNoBits
          ? !section.data.empty()
          : section.data.size() != section.size) {
    std::abort();
  }
  const uint32_t count = ElfReader::RelocationCount(section);
  for (uint32_t i = 0; i < count; ++i) {
    const ebpf::elf::Relocation relocation =
        ElfReader::RelocationAt(section, i);
    sum += relocation.offset + relocation.type;
    (void)reader.SymbolAt(relocation.symbol);
  }
  sink = sink + sum;
}

void UseSymbol(const ElfReader& reader, const Symbol& symbol) {
  if (symbol.section >= reader.section_count() &&
      symbol.section < ebpf::elf::kFirstReserved) {
    std::abort();
  }
  const Result<StringView> name = reader.NameOf(symbol);
  if (name.ok()) {
    Use(*name);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Result<ElfReader> reader = ElfReader::Open(ConstBytes(data, size));
  if (!reader.ok()) {
    return 0;
  }
  // Half the input's sections may be one section: no more than so many of them.
  constexpr uint32_t kMaxSections = 256;
  for (uint32_t i = 0; i < reader->section_count() && i < kMaxSections; ++i) {
    const Result<Section> section = reader->SectionAt(i);
    if (section.ok()) {
      UseSection(*reader, *section);
    }
  }
  for (uint32_t i = 0; i < reader->symbol_count(); ++i) {
    const Result<Symbol> symbol = reader->SymbolAt(i);
    if (symbol.ok()) {
      UseSymbol(*reader, *symbol);
    }
  }
  return 0;
}
