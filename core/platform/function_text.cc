// SPDX-License-Identifier: MIT
#include "core/platform/function_text.h"

#include "core/platform/symbol_name.h"
#include "core/platform/symbols.h"

namespace ebpf {
namespace {

/// The one function that all of the bytes lie in.
bool FindOne(uintptr_t address, size_t size, ebpf_symbol* symbol) {
  return ebpf_port_symbol_by_address(address, symbol) &&
         size <= symbol->size - (address - symbol->address);
}

}  // namespace

bool IsInOneFunction(uintptr_t address, size_t size) {
  ebpf_symbol symbol = {};
  return FindOne(address, size, &symbol);
}

bool TouchesFunction(uintptr_t address, size_t size, uintptr_t function) {
  ebpf_symbol symbol = {};
  return ebpf_port_symbol_by_address(function, &symbol) &&
         address < symbol.address + symbol.size &&
         symbol.address < address + size;
}

bool IsInFunctionNamedNoneOf(uintptr_t address, size_t size,
                             Span<const StringView> parts) {
  ebpf_symbol symbol = {};
  if (!FindOne(address, size, &symbol)) {
    return false;
  }
  char buffer[kMaxSymbolName];
  const StringView name = ReadSymbolName(symbol, buffer);
  for (StringView part : parts) {
    if (name.Contains(part)) {
      return false;
    }
  }
  return true;
}

}  // namespace ebpf
