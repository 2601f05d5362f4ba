// SPDX-License-Identifier: MIT
//
// core/platform/symbols.h on DragonOS: the blob of the second link.
#include "core/symbols/port_symbols.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/services.h"

namespace {

constinit ebpf::SymbolTable table;

}  // namespace

namespace ebpf::dragonos {

void OpenSymbols() {
  const void* data = nullptr;
  size_t size = 0;
  dragonos_symbols(&data, &size);
  const auto opened =
      SymbolTable::Open(ConstBytes(static_cast<const uint8_t*>(data), size));
  if (opened.ok()) {
    table = *opened;
    return;
  }
  constexpr char kComplaint[] = "ebpf: the kernel's symbol blob is bad\n";
  dragonos_log(kComplaint, sizeof kComplaint - 1);
}

}  // namespace ebpf::dragonos

extern "C" {

bool ebpf_port_symbol_by_name(const char* name, size_t name_size,
                              ebpf_symbol* symbol) {
  return ebpf::GiveSymbol(table.FindByName(ebpf::StringView(name, name_size)),
                          symbol);
}

bool ebpf_port_symbol_by_address(uintptr_t address, ebpf_symbol* symbol) {
  return ebpf::GiveSymbol(table.FindByAddress(address), symbol);
}

bool ebpf_port_symbol_next(uint64_t* position, ebpf_symbol* symbol) {
  return ebpf::GiveNextSymbol(table, position, symbol);
}

size_t ebpf_port_symbol_name(const ebpf_symbol* symbol, char* to, size_t size) {
  return ebpf::GiveSymbolName(table, *symbol, to, size);
}

}  // extern "C"
