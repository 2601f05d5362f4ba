// SPDX-License-Identifier: MIT
//
// A function's name, taken out of the kernel's symbol table.
#pragma once

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/platform/symbols.h"

namespace ebpf {

/// Linux's KSYM_NAME_LEN: longer names are cut where there must be an end.
inline constexpr size_t kMaxSymbolName = 512;

/// The name of `symbol`, cut where `buffer` ends. Context: any.
inline StringView ReadSymbolName(const ebpf_symbol& symbol, Span<char> buffer) {
  const size_t size =
      ebpf_port_symbol_name(&symbol, buffer.data(), buffer.size());
  return StringView(buffer.data(), Min(size, buffer.size()));
}

/// Whether more than one function is called `name`: by a walk over all.
/// Context: task.
[[gnu::noinline]] inline bool IsNameOfSeveral(StringView name) {
  char buffer[kMaxSymbolName];
  size_t count = 0;
  uint64_t first = 0;
  uint64_t position = 0;
  ebpf_symbol symbol;
  while (name.size() <= sizeof(buffer) && count < 2 &&
         ebpf_port_symbol_next(&position, &symbol)) {
    if (ebpf_port_symbol_name(&symbol, buffer, sizeof(buffer)) == name.size() &&
        StringView(buffer, name.size()) == name &&
        (count == 0 || symbol.address != first)) {
      first = symbol.address;
      ++count;
    }
  }
  return count > 1;
}

/// The function called `name`. kNotFound; kAddressNotAvailable, as Linux since
/// 6.7: several are called so, and the name does not say which. Context: task.
inline Result<ebpf_symbol> FindFunction(StringView name) {
  ebpf_symbol symbol;
  if (ebpf_port_symbol_by_name(name.data(), name.size(), &symbol)) {
    return symbol;
  }
  return IsNameOfSeveral(name) ? Status::kAddressNotAvailable
                               : Status::kNotFound;
}

}  // namespace ebpf
