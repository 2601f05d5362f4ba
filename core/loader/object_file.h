// SPDX-License-Identifier: MIT
//
// What is in an eBPF object: programs, maps, global data, license.
#pragma once

#include <stdint.h>

#include "core/base/optional.h"
#include "core/base/text_writer.h"
#include "core/btf/btf.h"
#include "core/btf/btf_ext.h"
#include "core/btf/btf_object.h"
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
/// load. Views into `file`, which outlives it. However large and hostile the
/// file, the work grows with its size only. Context: task.
class ObjectFile : public NonCopyable {
 public:
  /// An object with more programs is refused.
  static constexpr uint32_t kMaxPrograms = 256;

  explicit ObjectFile(Allocator& allocator);

  /// kBadExec, kInvalid, kNotSupported, kTooBig, kNoMemory; what and where is
  /// in `log`. Once.
  Status Read(ConstBytes file, TextWriter& log);

  const elf::ElfReader& elf() const { return *elf_; }
  StringView license() const { return license_; }
  Span<const ProgramDefinition> programs() const { return programs_.span(); }
  /// Those of ".maps", then one for each section of global data.
  Span<const MapDefinition> maps() const { return maps_.span(); }

  /// The object's types, or null.
  const btf::Btf* btf() const {
    return btf_.get() != nullptr ? &btf_->btf() : nullptr;
  }
  ConstBytes btf_bytes() const { return btf_bytes_; }
  /// What they say of instructions, or null.
  const btf::BtfExt* btf_ext() const { return btf_ext_ ? &*btf_ext_ : nullptr; }

  /// The section ".maps"; 0 without one.
  uint32_t maps_section() const { return maps_section_; }
  /// The section ".text" with the subprograms; section_count() without one.
  uint32_t text_section() const { return text_section_; }
  /// The instructions of the subprogram that starts at `insn` of ".text", or 0
  /// where none does.
  uint32_t TextFunctionSize(uint64_t insn) const;

  /// The section ".struct_ops" or ".struct_ops.link"; 0 without one.
  uint32_t struct_ops_section() const { return struct_ops_section_; }

  /// The section with the relocations of section `index`; 0 without one.
  uint32_t RelocationsOf(uint32_t index) const {
    return relocations_.span().empty() ? 0 : relocations_[index];
  }

 private:
  Status ReadSections(TextWriter& log);
  Status ReadSection(uint32_t index, const elf::Section& section,
                     TextWriter& log);
  Status ReadRelocations(uint32_t index, const elf::Section& section,
                         TextWriter& log);
  Status ReadBtf(ConstBytes bytes, TextWriter& log);
  Status ReadBtfExt(ConstBytes bytes, TextWriter& log);
  Status ReadMaps(TextWriter& log);
  Status PlaceMaps(size_t first, TextWriter& log);
  Status PlaceMap(const elf::Symbol& symbol, Span<MapDefinition> maps,
                  TextWriter& log);
  Status AddKconfig(TextWriter& log);
  Status AddGlobalData(uint32_t index, const elf::Section& section,
                       TextWriter& log);
  Status ReadFunctions(TextWriter& log);
  void AddSubprogram(const elf::Symbol& symbol, ConstBytes text);
  Status AddProgram(const elf::Symbol& symbol, TextWriter& log);

  Optional<elf::ElfReader> elf_;
  Allocator& allocator_;
  ConstBytes btf_bytes_;
  Ref<btf::BtfObject> btf_;
  Optional<btf::BtfExt> btf_ext_;
  uint32_t maps_section_ = 0;  // 0: none
  uint32_t text_section_ = 0;
  uint32_t struct_ops_section_ = 0;
  StringView license_;
  Buffer<uint32_t> relocations_;     // by section; empty: there are none
  Buffer<uint32_t> text_functions_;  // by instruction of .text: its size
  Vector<ProgramDefinition> programs_;
  Vector<MapDefinition> maps_;
};

}  // namespace ebpf::loader
