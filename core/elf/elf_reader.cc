// SPDX-License-Identifier: MIT
//
// core/elf/elf_reader.h's implementation.
#include "core/elf/elf_reader.h"

#include "core/base/memory.h"

namespace ebpf::elf {
namespace {

// [gABI, "ELF Header", "Sections", "Symbol Table", "Relocation"]
struct FileHeader {
  uint8_t ident[16];
  uint16_t type;
  uint16_t machine;
  uint32_t version;
  uint64_t entry;
  uint64_t program_offset;
  uint64_t section_offset;
  uint32_t flags;
  uint16_t header_size;
  uint16_t program_entry_size;
  uint16_t program_count;
  uint16_t section_entry_size;
  uint16_t section_count;
  uint16_t section_names;
};
static_assert(sizeof(FileHeader) == 64);

struct SectionHeader {
  uint32_t name;
  uint32_t type;
  uint64_t flags;
  uint64_t address;
  uint64_t offset;
  uint64_t size;
  uint32_t link;
  uint32_t info;
  uint64_t align;
  uint64_t entry_size;
};
static_assert(sizeof(SectionHeader) == 64);

struct SymbolEntry {
  uint32_t name;
  uint8_t info;
  uint8_t other;
  uint16_t section;
  uint64_t value;
  uint64_t size;
};
static_assert(sizeof(SymbolEntry) == 24);

struct RelEntry {
  uint64_t offset;
  uint64_t info;
};
static_assert(sizeof(RelEntry) == 16);

constexpr uint8_t kIdent[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
constexpr uint16_t kRelocatable = 1;
constexpr uint16_t kMachineBpf = 247;

/// Maps of 32-bit sizes are made of these; no eBPF section comes near.
constexpr uint64_t kMaxNoBitsSize = UINT32_MAX;

}  // namespace

Result<ElfReader> ElfReader::Open(ConstBytes file) {
  if (file.size() < sizeof(FileHeader) ||
      !EqualBytes(file.First(sizeof(kIdent)), ConstBytes(kIdent))) {
    return Status::kBadExec;
  }
  const auto header = LoadUnaligned<FileHeader>(file.data());
  if (header.type != kRelocatable || header.machine != kMachineBpf ||
      header.section_entry_size != sizeof(SectionHeader)) {
    return Status::kBadExec;
  }
  const uint64_t headers_size =
      uint64_t{header.section_count} * sizeof(SectionHeader);
  if (!file.Contains(header.section_offset, headers_size) ||
      header.section_names >= header.section_count) {
    return Status::kBadExec;
  }
  ElfReader reader;
  reader.file_ = file;
  reader.section_headers_ = file.Subspan(header.section_offset, headers_size);
  reader.section_count_ = header.section_count;
  // Section names come first, so that SectionAt can be used for the rest.
  const auto names = LoadUnaligned<SectionHeader>(
      reader.section_headers_.data() +
      size_t{header.section_names} * sizeof(SectionHeader));
  if (names.type == kSectionNoBits ||
      !file.Contains(names.offset, names.size)) {
    return Status::kBadExec;
  }
  reader.section_names_ = file.Subspan(names.offset, names.size);
  EBPF_TRY(reader.FindSymbols());
  return reader;
}

Status ElfReader::FindSymbols() {
  for (uint32_t i = 0; i < section_count_; ++i) {
    const Section section = EBPF_TRY(SectionAt(i));
    if (section.type != kSectionSymTab) {
      continue;
    }
    if (symbol_count_ != 0 || section.size % sizeof(SymbolEntry) != 0) {
      return Status::kBadExec;
    }
    const Section names = EBPF_TRY(SectionAt(section.link));
    symbols_ = section.data;
    symbol_names_ = names.data;
    const uint64_t count = section.size / sizeof(SymbolEntry);
    if (count > UINT32_MAX) {
      return Status::kBadExec;
    }
    symbol_count_ = static_cast<uint32_t>(count);
  }
  return Status::kOk;
}

Result<StringView> ElfReader::StringAt(ConstBytes table, uint32_t offset) {
  if (offset >= table.size()) {
    return Status::kBadExec;
  }
  const char* start = reinterpret_cast<const char*>(table.data()) + offset;
  const size_t room = Min<size_t>(table.size() - offset, kMaxNameSize + 1);
  const StringView text = StringView::FromField(start, room);
  if (text.size() == room) {
    return Status::kBadExec;  // no zero before the table's end, or too long
  }
  return text;
}

Result<Section> ElfReader::SectionAt(uint32_t index) const {
  if (index >= section_count_) {
    return Status::kInvalid;
  }
  const auto header = LoadUnaligned<SectionHeader>(
      section_headers_.data() + size_t{index} * sizeof(SectionHeader));
  Section section;
  section.name = EBPF_TRY(StringAt(section_names_, header.name));
  section.type = header.type;
  section.flags = header.flags;
  section.size = header.size;
  section.link = header.link;
  section.info = header.info;
  if (header.type == kSectionNoBits) {
    if (header.size > kMaxNoBitsSize) {
      return Status::kBadExec;
    }
    return section;
  }
  if (!file_.Contains(header.offset, header.size)) {
    return Status::kBadExec;
  }
  section.data = file_.Subspan(header.offset, header.size);
  return section;
}

Result<Symbol> ElfReader::SymbolAt(uint32_t index) const {
  if (index >= symbol_count_) {
    return Status::kBadExec;
  }
  const auto entry = LoadUnaligned<SymbolEntry>(
      symbols_.data() + size_t{index} * sizeof(SymbolEntry));
  if ((entry.section >= section_count_ && entry.section < kFirstReserved) ||
      entry.name >= symbol_names_.size()) {
    return Status::kBadExec;
  }
  Symbol symbol;
  symbol.name = entry.name;
  symbol.value = entry.value;
  symbol.size = entry.size;
  symbol.section = entry.section;
  symbol.type = entry.info & 15;
  symbol.bind = entry.info >> 4;
  symbol.visibility = entry.other & 3;
  return symbol;
}

uint32_t ElfReader::RelocationCount(const Section& section) {
  // A section's data lies in the file, whose size fits in memory.
  return static_cast<uint32_t>(
      Min<uint64_t>(section.data.size() / sizeof(RelEntry), UINT32_MAX));
}

Relocation ElfReader::RelocationAt(const Section& section, uint32_t index) {
  const auto entry = LoadUnaligned<RelEntry>(section.data.data() +
                                             size_t{index} * sizeof(RelEntry));
  return {entry.offset, static_cast<uint32_t>(entry.info),
          static_cast<uint32_t>(entry.info >> 32)};
}

}  // namespace ebpf::elf
