// SPDX-License-Identifier: MIT
//
// core/platform/symbols.h over core/symbols/ksym_symbols.h's tables.
#include "core/symbols/ksym_symbols.h"

#include "core/platform/symbols.h"

using ebpf::PortKsymTables;

extern "C" {

bool ebpf_port_symbol_by_name(const char* name, size_t name_size,
                              ebpf_symbol* symbol) {
  return PortKsymTables().FindByName(ebpf::StringView(name, name_size), symbol);
}

bool ebpf_port_symbol_by_address(uintptr_t address, ebpf_symbol* symbol) {
  return PortKsymTables().FindByAddress(address, symbol);
}

bool ebpf_port_symbol_next(uint64_t* position, ebpf_symbol* symbol) {
  return PortKsymTables().Next(position, symbol);
}

size_t ebpf_port_symbol_name(const ebpf_symbol* symbol, char* to, size_t size) {
  return PortKsymTables().CopyName(*symbol, to, size);
}

}  // extern "C"
