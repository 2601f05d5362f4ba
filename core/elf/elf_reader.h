// SPDX-License-Identifier: MIT
//
// Reads relocatable eBPF objects: untrusted bytes, every offset checked.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/string_view.h"

namespace ebpf::elf {

/// Section types and flags, symbol types, and special indices that a reader of
/// eBPF objects meets. [System V ABI, chapter 4; gABI "Sections", "Symbol
/// Table"]
inline constexpr uint32_t kSectionProgBits = 1;     // SHT_PROGBITS
inline constexpr uint32_t kSectionSymTab = 2;       // SHT_SYMTAB
inline constexpr uint32_t kSectionRela = 4;         // SHT_RELA
inline constexpr uint32_t kSectionNoBits = 8;       // SHT_NOBITS
inline constexpr uint32_t kSectionRel = 9;          // SHT_REL
inline constexpr uint64_t kFlagAlloc = 2;           // SHF_ALLOC
inline constexpr uint64_t kFlagExec = 4;            // SHF_EXECINSTR
inline constexpr uint8_t kSymbolObject = 1;         // STT_OBJECT
inline constexpr uint8_t kSymbolFunction = 2;       // STT_FUNC
inline constexpr uint8_t kSymbolSection = 3;        // STT_SECTION
inline constexpr uint8_t kBindGlobal = 1;           // STB_GLOBAL
inline constexpr uint8_t kBindWeak = 2;             // STB_WEAK
inline constexpr uint8_t kVisibilityInternal = 1;   // STV_INTERNAL
inline constexpr uint8_t kVisibilityHidden = 2;     // STV_HIDDEN
inline constexpr uint32_t kUndefined = 0;           // SHN_UNDEF
inline constexpr uint32_t kFirstReserved = 0xff00;  // SHN_LORESERVE

/// Relocation types of eBPF. [LLVM, "BPF relocations"; kernel.org
/// Documentation/bpf/llvm_reloc]
inline constexpr uint32_t kRelocation64 = 1;     // R_BPF_64_64: LD_IMM64
inline constexpr uint32_t kRelocationAbs64 = 2;  // R_BPF_64_ABS64: data
inline constexpr uint32_t kRelocationCall = 10;  // R_BPF_64_32: CALL

/// No name is longer: what compares names stays cheap, whatever the file says.
inline constexpr size_t kMaxNameSize = 4096;

struct Section {
  StringView name;
  uint32_t type;
  uint64_t flags;
  ConstBytes data;  // empty for kSectionNoBits
  uint64_t size;    // data.size(), or the bytes that kSectionNoBits stands for
  uint32_t link;
  uint32_t info;
};

struct Symbol {
  uint32_t name;  // checked: for NameOf
  uint64_t value;
  uint64_t size;
  uint32_t section;  // checked: a section's index, or a special one
  uint8_t type;
  uint8_t bind;
  uint8_t visibility;
};

struct Relocation {
  uint64_t offset;
  uint32_t type;
  uint32_t symbol;  // not checked
};

/// A view of an ELF file for EM_BPF, ELFCLASS64, little-endian, ET_REL. Holds
/// no memory of its own; `file` outlives it. Context: any.
class ElfReader {
 public:
  /// kBadExec where the file is no such object or lies about its own layout.
  static Result<ElfReader> Open(ConstBytes file);

  uint32_t section_count() const { return section_count_; }
  /// kBadExec; kInvalid beyond the last one.
  Result<Section> SectionAt(uint32_t index) const;

  /// The symbols of the one symbol table; 0 if there is none.
  uint32_t symbol_count() const { return symbol_count_; }
  Result<Symbol> SymbolAt(uint32_t index) const;
  /// kBadExec where it is longer than kMaxNameSize.
  Result<StringView> NameOf(const Symbol& symbol) const {
    return StringAt(symbol_names_, symbol.name);
  }

  /// The relocations in a section of type kSectionRel.
  static uint32_t RelocationCount(const Section& section);
  static Relocation RelocationAt(const Section& section, uint32_t index);

 private:
  ElfReader() = default;

  Status FindSymbols();
  static Result<StringView> StringAt(ConstBytes table, uint32_t offset);

  ConstBytes file_;
  ConstBytes section_headers_;
  ConstBytes section_names_;
  ConstBytes symbols_;
  ConstBytes symbol_names_;
  uint32_t section_count_ = 0;
  uint32_t symbol_count_ = 0;
};

}  // namespace ebpf::elf
