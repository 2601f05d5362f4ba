// SPDX-License-Identifier: MIT
//
// A kernel's functions by name and by address, read from the blob that
// tools/ksym makes of its ELF file.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/symbols/symbol_blob.h"

namespace ebpf {

/// A function of the kernel.
struct Symbol {
  size_t index;      // in order of address
  uint64_t address;  // where it is now, see SymbolTable::Open
  uint64_t size;     // up to its end or the next symbol
};

/// Looks into a blob that somebody else owns and keeps unchanged.
///
/// Open() checks everything that the other functions rely on. They take a
/// logarithmic number of steps, each over one block of names at most, no lock,
/// no memory. Context: any, Open() task.
class SymbolTable {
 public:
  /// Empty: finds nothing.
  constexpr SymbolTable() = default;

  /// The table in `blob`, whose addresses are those of the linker plus `slide`
  /// (a kernel that was moved). kBadMessage if it is not one, was cut off, or
  /// breaks a rule of the format; then nothing of it can be used.
  static Result<SymbolTable> Open(ConstBytes blob, uint64_t slide = 0);

  size_t size() const { return blob_.count; }

  /// The functions in order of address. Precondition: index < size().
  Symbol At(size_t index) const;

  /// Writes the function's name, or as much of its beginning as fits, and
  /// returns how long it is. Precondition: index < size().
  size_t CopyName(size_t index, Span<char> to) const {
    const size_t size = NameSize(index);
    (void)CopyNamePart(index, 0, to.First(Min(size, to.size())));
    return size;
  }

  /// The function of that name. kNotFound; kExists if several have it: a name
  /// that does not say which is no name (Linux: EADDRNOTAVAIL).
  Result<Symbol> FindByName(StringView name) const;

  /// The function that contains `address`, or kNotFound. Of several at one
  /// place, the first by name.
  Result<Symbol> FindByAddress(uint64_t address) const;

 private:
  Symbol SymbolAt(const SymbolCursor& cursor) const;
  SymbolCursor CursorAt(size_t index) const;
  size_t NameSize(size_t index) const;
  size_t CopyNamePart(size_t index, size_t from, Span<char> to) const;
  int CompareName(size_t index, StringView name) const;
  int CompareNames(size_t a, size_t b) const;
  size_t BlocksBefore(uint64_t offset) const;
  SymbolCursor FirstAlias(size_t block, uint32_t place) const;
  Status CheckRecords() const;
  Status CheckNameIndex() const;

  SymbolBlob blob_;
};

}  // namespace ebpf
