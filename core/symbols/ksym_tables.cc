// SPDX-License-Identifier: MIT
//
// core/symbols/ksym_tables.h's implementation.
#include "core/symbols/ksym_tables.h"

#include "core/base/memory.h"
#include "core/base/types.h"

namespace ebpf {

/// Fills in entry `index`, whose size runs to the next higher address.
bool KsymTables::Describe(uint64_t index, ebpf_symbol* symbol) const {
  const uint64_t begin = address[index];
  if (!IsText(begin)) {
    return false;
  }
  uint64_t end = text_end;
  for (uint64_t next = index + 1; next < count; ++next) {
    if (address[next] > begin) {
      end = Min(end, address[next]);
      break;
    }
  }
  *symbol = {begin, end - begin, index};
  return true;
}

bool KsymTables::FindByName(StringView name, ebpf_symbol* symbol) const {
  bool found = false;
  for (uint64_t i = 0; i < count; ++i) {
    ebpf_symbol candidate = {};
    if (NameOf(i) != name || !Describe(i, &candidate)) {
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

bool KsymTables::FindByAddress(uintptr_t at, ebpf_symbol* symbol) const {
  if (!IsText(at)) {
    return false;
  }
  // The number of entries at or below it.
  uint64_t low = 0;
  uint64_t high = count;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (address[middle] <= at) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low != 0 && Describe(low - 1, symbol);
}

bool KsymTables::Next(uint64_t* position, ebpf_symbol* symbol) const {
  while (*position < count) {
    if (Describe((*position)++, symbol)) {
      return true;
    }
  }
  return false;
}

size_t KsymTables::CopyName(const ebpf_symbol& symbol, char* to,
                            size_t size) const {
  if (symbol.entry >= count) {
    return 0;
  }
  const StringView name = NameOf(symbol.entry);
  CopyBytes(to, name.data(), Min(size, name.size()));
  return name.size();
}

}  // namespace ebpf
