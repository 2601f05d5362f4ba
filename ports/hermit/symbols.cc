// SPDX-License-Identifier: MIT
//
// core/platform/symbols.h on Hermit.
#include "ports/hermit/symbols.h"

#include "core/base/span.h"
#include "core/symbols/port_symbols.h"
#include "ports/hermit/kernel.h"

namespace ebpf::hermit {
namespace {

constinit SymbolTable table;

}  // namespace

bool OpenSymbols() {
  const ConstBytes blob(
      ebpf_hermit_symbols,
      static_cast<size_t>(ebpf_hermit_symbols_end - ebpf_hermit_symbols));
  const Result<SymbolTable> opened =
      SymbolTable::Open(blob, reinterpret_cast<uintptr_t>(__ehdr_start));
  if (!opened.ok()) {
    return false;
  }
  table = *opened;
  return true;
}

bool IsText(uintptr_t address, size_t size) {
  if (table.size() == 0) {
    return false;
  }
  const Symbol last = table.At(table.size() - 1);
  const uint64_t end = last.address + last.size;
  return address >= table.At(0).address && address < end &&
         size <= end - address;
}

bool TouchesFunction(uintptr_t address, size_t size, uintptr_t function) {
  ebpf_symbol symbol = {};
  return ebpf_port_symbol_by_address(function, &symbol) &&
         address < symbol.address + symbol.size &&
         symbol.address < address + size;
}

}  // namespace ebpf::hermit

extern "C" {

bool ebpf_port_symbol_by_name(const char* name, size_t name_size,
                              ebpf_symbol* symbol) {
  using ebpf::hermit::table;
  return ebpf::GiveSymbol(table.FindByName(ebpf::StringView(name, name_size)),
                          symbol);
}

bool ebpf_port_symbol_by_address(uintptr_t address, ebpf_symbol* symbol) {
  return ebpf::GiveSymbol(ebpf::hermit::table.FindByAddress(address), symbol);
}

bool ebpf_port_symbol_next(uint64_t* position, ebpf_symbol* symbol) {
  return ebpf::GiveNextSymbol(ebpf::hermit::table, position, symbol);
}

size_t ebpf_port_symbol_name(const ebpf_symbol* symbol, char* to, size_t size) {
  return ebpf::GiveSymbolName(ebpf::hermit::table, *symbol, to, size);
}

}  // extern "C"
