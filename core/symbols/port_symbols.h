// SPDX-License-Identifier: MIT
//
// core/platform/symbols.h out of a SymbolTable, for ports that have a blob.
#pragma once

#include "core/platform/symbols.h"
#include "core/symbols/symbol_table.h"

namespace ebpf {

/// What ebpf_port_symbol_by_name and _by_address answer. Context: any.
inline bool GiveSymbol(const Result<Symbol>& found, ebpf_symbol* symbol) {
  if (!found.ok()) {
    return false;
  }
  *symbol = {found->address, found->size, found->index};
  return true;
}

/// ebpf_port_symbol_next. Context: any.
inline bool GiveNextSymbol(const SymbolTable& table, uint64_t* position,
                           ebpf_symbol* symbol) {
  return *position < table.size() &&
         GiveSymbol(table.At((*position)++), symbol);
}

/// ebpf_port_symbol_name. Context: any.
inline size_t GiveSymbolName(const SymbolTable& table,
                             const ebpf_symbol& symbol, char* to, size_t size) {
  return symbol.entry < table.size()
             ? table.CopyName(symbol.entry, Span<char>(to, size))
             : 0;
}

}  // namespace ebpf
