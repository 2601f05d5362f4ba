// SPDX-License-Identifier: MIT
//
// core/platform/symbols.h on Alien: the tables of its crate ksym.
#include "core/symbols/ksym_symbols.h"
#include "ports/alien/kernel.h"

namespace ebpf {

KsymTables PortKsymTables() {
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

}  // namespace ebpf
