// SPDX-License-Identifier: MIT
//
// core/platform/symbols.h on DragonOS: the blob of the second link.
#include "core/platform/symbols.h"

#include "core/symbols/symbol_table.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/services.h"

namespace {

constinit ebpf::SymbolTable table;

bool Give(const ebpf::Result<ebpf::Symbol>& found, ebpf_symbol* symbol) {
  if (!found.ok()) {
    return false;
  }
  *symbol = {
      .address = found->address,
      .size = found->size,
      .name = found->name.data(),
      .name_size = found->name.size(),
  };
  return true;
}

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
  return Give(table.FindByName(ebpf::StringView(name, name_size)), symbol);
}

bool ebpf_port_symbol_by_address(uintptr_t address, ebpf_symbol* symbol) {
  return Give(table.FindByAddress(address), symbol);
}

}  // extern "C"
