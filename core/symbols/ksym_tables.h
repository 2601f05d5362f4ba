// SPDX-License-Identifier: MIT
//
// A kernel's functions out of the tables that the Rust crate `ksym` writes for
// a second link: for ports whose kernels have these already.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/string_view.h"
#include "core/platform/symbols.h"

namespace ebpf {

/// The crate's arrays, by address; several functions may have one. A name ends
/// with a zero. There are no sizes: a function ends where the next begins.
/// (Read by code of our own, since the crate's runs past the end where it finds
/// nothing.)
struct KsymTables {
  const uint64_t* address = nullptr;
  const uint64_t* name_index = nullptr;
  const char* names = nullptr;
  uint64_t count = 0;
  /// Where functions are; entries outside are not.
  uintptr_t text_begin = 0;
  uintptr_t text_end = 0;

  // As the functions of core/platform/symbols.h. Context: as there.
  bool FindByName(StringView name, ebpf_symbol* symbol) const;
  bool FindByAddress(uintptr_t at, ebpf_symbol* symbol) const;
  bool Next(uint64_t* position, ebpf_symbol* symbol) const;
  size_t CopyName(const ebpf_symbol& symbol, char* to, size_t size) const;

 private:
  bool IsText(uint64_t at) const { return at >= text_begin && at < text_end; }
  StringView NameOf(uint64_t index) const {
    return StringView(names + name_index[index]);
  }
  bool Describe(uint64_t index, ebpf_symbol* symbol) const;
};

}  // namespace ebpf
