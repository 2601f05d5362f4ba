// SPDX-License-Identifier: MIT
//
// core/symbols/blob_symbols.h's implementation.
#include "core/symbols/blob_symbols.h"

#include "core/platform/symbols.h"

namespace ebpf {
namespace {

bool Give(const Result<Symbol>& found, ebpf_symbol* symbol) {
  if (!found.ok()) {
    return false;
  }
  *symbol = {found->address, found->size, found->index};
  return true;
}

}  // namespace

constinit SymbolTable blob_symbols;

bool OpenBlobSymbols(ConstBytes blob, uint64_t slide) {
  const Result<SymbolTable> opened = SymbolTable::Open(blob, slide);
  if (opened.ok()) {
    blob_symbols = *opened;
  }
  return opened.ok();
}

bool IsInBlobText(uintptr_t address, size_t size) {
  if (blob_symbols.size() == 0) {
    return false;
  }
  const Symbol last = blob_symbols.At(blob_symbols.size() - 1);
  const uint64_t end = last.address + last.size;
  return address >= blob_symbols.At(0).address && address < end &&
         size <= end - address;
}

}  // namespace ebpf

using ebpf::blob_symbols;

extern "C" {

bool ebpf_port_symbol_by_name(const char* name, size_t name_size,
                              ebpf_symbol* symbol) {
  return ebpf::Give(blob_symbols.FindByName(ebpf::StringView(name, name_size)),
                    symbol);
}

bool ebpf_port_symbol_by_address(uintptr_t address, ebpf_symbol* symbol) {
  return ebpf::Give(blob_symbols.FindByAddress(address), symbol);
}

bool ebpf_port_symbol_next(uint64_t* position, ebpf_symbol* symbol) {
  return *position < blob_symbols.size() &&
         ebpf::Give(blob_symbols.At((*position)++), symbol);
}

size_t ebpf_port_symbol_name(const ebpf_symbol* symbol, char* to, size_t size) {
  return symbol->entry < blob_symbols.size()
             ? blob_symbols.CopyName(symbol->entry, ebpf::Span<char>(to, size))
             : 0;
}

}  // extern "C"
