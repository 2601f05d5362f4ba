// SPDX-License-Identifier: MIT
//
// tools/cli/line_info.h's implementation. [kernel.org Documentation/bpf/btf,
// "struct btf_ext_header", "struct bpf_line_info"]
#include "tools/cli/line_info.h"

#include <cstring>
#include <optional>
#include <string_view>

#include "core/isa/insn.h"

namespace ebpf::cli {
namespace {

constexpr uint16_t kMagic = 0xeb9f;

struct BtfHeader {
  uint16_t magic;
  uint8_t version;
  uint8_t flags;
  uint32_t header_size;
  uint32_t type_offset;
  uint32_t type_size;
  uint32_t string_offset;
  uint32_t string_size;
};

struct BtfExtHeader {
  uint16_t magic;
  uint8_t version;
  uint8_t flags;
  uint32_t header_size;
  uint32_t func_info_offset;
  uint32_t func_info_size;
  uint32_t line_info_offset;
  uint32_t line_info_size;
};

struct SectionHeader {
  uint32_t name;
  uint32_t count;
};

struct Record {
  uint32_t insn_offset;  // bytes from the section's start
  uint32_t file;
  uint32_t text;
  uint32_t line_and_column;  // line << 10 | column
};

/// Takes Ts off the front of bytes that nobody has checked.
class Cursor {
 public:
  explicit Cursor(ConstBytes bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }

  template <typename T>
  std::optional<T> Take() {
    T value;
    if (bytes_.size() < sizeof(T)) {
      return std::nullopt;
    }
    std::memcpy(&value, bytes_.data(), sizeof(T));
    Skip(sizeof(T));
    return value;
  }
  bool Skip(size_t size) {
    if (size > bytes_.size()) {
      return false;
    }
    bytes_ = ConstBytes(bytes_.data() + size, bytes_.size() - size);
    return true;
  }

 private:
  ConstBytes bytes_;
};

ConstBytes Part(ConstBytes bytes, uint64_t offset, uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) {
    return ConstBytes();
  }
  return ConstBytes(bytes.data() + offset, static_cast<size_t>(size));
}

std::string StringAt(ConstBytes strings, uint32_t offset) {
  if (offset >= strings.size()) {
    return "";
  }
  const char* begin = reinterpret_cast<const char*>(strings.data()) + offset;
  return std::string(begin, strnlen(begin, strings.size() - offset));
}

ConstBytes StringsOf(ConstBytes btf) {
  const auto header = Cursor(btf).Take<BtfHeader>();
  if (!header.has_value() || header->magic != kMagic) {
    return ConstBytes();
  }
  return Part(btf, uint64_t{header->header_size} + header->string_offset,
              header->string_size);
}

/// The index of the section with this name, or 0.
uint32_t FindSection(const elf::ElfReader& elf, std::string_view name) {
  for (uint32_t i = 1; i < elf.section_count(); ++i) {
    const Result<elf::Section> section = elf.SectionAt(i);
    if (section.ok() &&
        name == std::string_view(section->name.data(), section->name.size())) {
      return i;
    }
  }
  return 0;
}

}  // namespace

LineInfo::LineInfo(const elf::ElfReader& elf) {
  const uint32_t btf = FindSection(elf, ".BTF");
  const uint32_t ext = FindSection(elf, ".BTF.ext");
  if (btf == 0 || ext == 0) {
    return;
  }
  Read(elf, (*elf.SectionAt(ext)).data, StringsOf((*elf.SectionAt(btf)).data));
}

void LineInfo::Read(const elf::ElfReader& elf, ConstBytes ext,
                    ConstBytes strings) {
  const auto header = Cursor(ext).Take<BtfExtHeader>();
  if (!header.has_value() || header->magic != kMagic) {
    return;
  }
  Cursor at(Part(ext, uint64_t{header->header_size} + header->line_info_offset,
                 header->line_info_size));
  const auto record_size = at.Take<uint32_t>();
  if (!record_size.has_value() || *record_size < sizeof(Record)) {
    return;
  }
  while (const auto section = at.Take<SectionHeader>()) {
    const uint32_t index = FindSection(elf, StringAt(strings, section->name));
    for (uint32_t i = 0; i < section->count; ++i) {
      const auto record = at.Take<Record>();
      if (!record.has_value() || !at.Skip(*record_size - sizeof(Record))) {
        return;
      }
      const uint32_t insn =
          record->insn_offset / static_cast<uint32_t>(sizeof(isa::Insn));
      lines_[{index, insn}] = {
          StringAt(strings, record->file), record->line_and_column >> 10,
          record->line_and_column & 0x3ff, StringAt(strings, record->text)};
    }
  }
}

const SourceLine* LineInfo::At(uint32_t section, uint32_t insn) const {
  auto after = lines_.upper_bound({section, insn});
  if (after == lines_.begin()) {
    return nullptr;
  }
  --after;
  return after->first.first == section ? &after->second : nullptr;
}

}  // namespace ebpf::cli
