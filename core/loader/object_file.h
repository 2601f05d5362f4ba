// SPDX-License-Identifier: MIT
//
// What is in an eBPF object: programs, maps, global data, license.
#pragma once

#include <stdint.h>

#include "core/base/optional.h"
#include "core/base/text_writer.h"
#include "core/elf/elf_reader.h"
#include "core/isa/insn.h"
#include "core/loader/map_definitions.h"
#include "core/loader/section_names.h"
#include "core/memory/buffer.h"
#include "core/memory/vector.h"

namespace ebpf::loader {

/// A program's entry function.
struct ProgramDefinition {
  StringView name;
  StringView section_name;
  ProgramSection section;
  uint32_t section_index;
  uint32_t first_insn;  // in its section
  uint32_t insn_count;
};

/// Reads an object whole and refuses what is malformed or what this tree cannot
/// load. Views into `file`, which outlives it. Context: task.
class ObjectFile : public NonCopyable {
 public:
  /// Linux's BPF_COMPLEXITY_LIMIT is for one program; an object of more
  /// programs or maps than these is refused.
  static constexpr uint32_t kMaxPrograms = 256;
  static constexpr uint32_t kMaxMaps = 64;

  explicit ObjectFile(Allocator& allocator);

  /// kBadExec, kInvalid, kNotSupported, kTooBig, kNoMemory; what and where is
  /// in `log`. Once.
  Status Read(ConstBytes file, TextWriter& log);

  const elf::ElfReader& elf() const { return *elf_; }
  StringView license() const { return license_; }
  Span<const ProgramDefinition> programs() const { return programs_.span(); }
  /// Those of ".maps", then one for each section of global data.
  Span<const MapDefinition> maps() const { return maps_.span(); }

  /// The section ".text" with the subprograms; section_count() without one.
  uint32_t text_section() const { return text_section_; }

  /// The relocations of section `index`, if it has any.
  Result<Optional<elf::Section>> RelocationsOf(uint32_t index) const;

 private:
  Status ReadSections(TextWriter& log);
  Status ReadSection(uint32_t index, const elf::Section& section,
                     TextWriter& log);
  Status ReadBtf(ConstBytes bytes, TextWriter& log);
  Status CheckBtfExt(ConstBytes bytes, TextWriter& log);
  Status ReadMaps(TextWriter& log);
  Status PlaceMap(MapDefinition& map, TextWriter& log);
  Status AddGlobalData(uint32_t index, const elf::Section& section,
                       TextWriter& log);
  Status ReadPrograms(TextWriter& log);
  Status AddProgram(const elf::Symbol& symbol, TextWriter& log);

  Optional<elf::ElfReader> elf_;
  Buffer<uint32_t> btf_index_;
  Optional<btf::Btf> btf_;
  uint32_t maps_section_ = 0;  // 0: none
  uint32_t text_section_ = 0;
  StringView license_;
  Vector<ProgramDefinition> programs_;
  Vector<MapDefinition> maps_;
};

}  // namespace ebpf::loader
