// SPDX-License-Identifier: MIT
//
// core/platform/symbols.h on Alien: ksym's tables, read by our own code, since
// ksym's own search runs past their end where it finds nothing.
#include "core/platform/symbols.h"

#include "core/base/string_view.h"
#include "ports/alien/kernel.h"

namespace {

using ebpf::StringView;

bool InText(uint64_t address) {
  return address >= reinterpret_cast<uintptr_t>(stext) &&
         address < reinterpret_cast<uintptr_t>(etext);
}

StringView NameOf(const alien_ksyms_table& table, uint64_t index) {
  return StringView(table.names + table.name_index[index]);
}

/// Fills in entry `index`, whose size runs to the next higher address.
bool Describe(const alien_ksyms_table& table, uint64_t index,
              ebpf_symbol* symbol) {
  const uint64_t address = table.address[index];
  if (!InText(address)) {
    return false;
  }
  uint64_t end = reinterpret_cast<uintptr_t>(etext);
  for (uint64_t next = index + 1; next < table.count; ++next) {
    if (table.address[next] > address) {
      end = ebpf::Min(end, table.address[next]);
      break;
    }
  }
  *symbol = {address, end - address, index};
  return true;
}

}  // namespace

extern "C" {

bool ebpf_port_symbol_by_name(const char* name, size_t name_size,
                              ebpf_symbol* symbol) {
  const alien_ksyms_table* table = alien_ksyms();
  if (table == nullptr) {
    return false;
  }
  const StringView wanted(name, name_size);
  bool found = false;
  for (uint64_t i = 0; i < table->count; ++i) {
    ebpf_symbol candidate = {};
    if (NameOf(*table, i) != wanted || !Describe(*table, i, &candidate)) {
      continue;
    }
    if (found && candidate.address != symbol->address) {
      return false;  // a name that does not say which is no name
    }
    *symbol = candidate;
    found = true;
  }
  return found;
}

bool ebpf_port_symbol_by_address(uintptr_t address, ebpf_symbol* symbol) {
  const alien_ksyms_table* table = alien_ksyms();
  if (table == nullptr || !InText(address)) {
    return false;
  }
  // The number of entries at or below `address`.
  uint64_t low = 0;
  uint64_t high = table->count;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (table->address[middle] <= address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low != 0 && Describe(*table, low - 1, symbol);
}

bool ebpf_port_symbol_next(uint64_t* position, ebpf_symbol* symbol) {
  const alien_ksyms_table* table = alien_ksyms();
  while (table != nullptr && *position < table->count) {
    if (Describe(*table, (*position)++, symbol)) {
      return true;
    }
  }
  return false;
}

size_t ebpf_port_symbol_name(const ebpf_symbol* symbol, char* to, size_t size) {
  const alien_ksyms_table* table = alien_ksyms();
  if (table == nullptr || symbol->entry >= table->count) {
    return 0;
  }
  const StringView name = NameOf(*table, symbol->entry);
  ebpf::CopyBytes(to, name.data(), ebpf::Min(size, name.size()));
  return name.size();
}

}  // extern "C"
