// SPDX-License-Identifier: MIT
//
// core/platform/symbols.h on Hermit.
#include "ports/hermit/symbols.h"

#include "core/platform/symbols.h"
#include "core/symbols/blob_symbols.h"
#include "ports/hermit/kernel.h"

namespace ebpf::hermit {

bool OpenSymbols() {
  const ConstBytes blob(
      ebpf_hermit_symbols,
      static_cast<size_t>(ebpf_hermit_symbols_end - ebpf_hermit_symbols));
  return OpenBlobSymbols(blob, reinterpret_cast<uintptr_t>(__ehdr_start));
}

bool IsText(uintptr_t address, size_t size) {
  if (blob_symbols.size() == 0) {
    return false;
  }
  const Symbol last = blob_symbols.At(blob_symbols.size() - 1);
  const uint64_t end = last.address + last.size;
  return address >= blob_symbols.At(0).address && address < end &&
         size <= end - address;
}

bool TouchesFunction(uintptr_t address, size_t size, uintptr_t function) {
  ebpf_symbol symbol = {};
  return ebpf_port_symbol_by_address(function, &symbol) &&
         address < symbol.address + symbol.size &&
         symbol.address < address + size;
}

}  // namespace ebpf::hermit
