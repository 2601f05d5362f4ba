// SPDX-License-Identifier: MIT
//
// A function's name, taken out of the kernel's symbol table.
#pragma once

#include "core/base/span.h"
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

}  // namespace ebpf
