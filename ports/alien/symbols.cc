// SPDX-License-Identifier: MIT
//
// core/platform/symbols.h on Alien: the tables of its crate ksym.
#include "core/platform/symbols.h"

#include "core/symbols/ksym_tables.h"
#include "ports/alien/kernel.h"

namespace {

ebpf::KsymTables Tables() {
  const alien_ksyms_table* const table = alien_ksyms();
  if (table == nullptr) {
    return {};
  }
  return {table->address,
          table->name_index,
          table->names,
          table->count,
          reinterpret_cast<uintptr_t>(stext),
          reinterpret_cast<uintptr_t>(etext)};
}

}  // namespace

extern "C" {

bool ebpf_port_symbol_by_name(const char* name, size_t name_size,
                              ebpf_symbol* symbol) {
  return Tables().FindByName(ebpf::StringView(name, name_size), symbol);
}

bool ebpf_port_symbol_by_address(uintptr_t address, ebpf_symbol* symbol) {
  return Tables().FindByAddress(address, symbol);
}

bool ebpf_port_symbol_next(uint64_t* position, ebpf_symbol* symbol) {
  return Tables().Next(position, symbol);
}

size_t ebpf_port_symbol_name(const ebpf_symbol* symbol, char* to, size_t size) {
  return Tables().CopyName(*symbol, to, size);
}

}  // extern "C"
