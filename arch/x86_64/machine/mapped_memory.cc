// SPDX-License-Identifier: MIT
//
// Tables are read by the copy that may fail: PageTables would read them without
// asking, and any of its levels may forbid what the leaf allows.
#include "arch/x86_64/machine/mapped_memory.h"

#include "arch/x86_64/machine/nofault.h"
#include "arch/x86_64/page_tables.h"

namespace ebpf::x86_64 {

bool IsMappedMemory(uintptr_t address, uint64_t flags, uintptr_t direct_map) {
  constexpr int kTopLevel = 3;
  const auto sign = static_cast<int64_t>(address << 16) >> 16;
  if (static_cast<uintptr_t>(sign) != address) {
    return false;  // not canonical
  }
  uint64_t entry;
  asm volatile("movq %%cr3, %0" : "=r"(entry));
  for (int level = kTopLevel; level >= 0; --level) {
    const uint64_t at = direct_map + (entry & PageTables::kAddress) +
                        (address >> (12 + 9 * level)) % 512 * sizeof(entry);
    if (!ebpf_copy_nofault(&entry, at, sizeof(entry)) ||
        (entry & flags) != flags) {
      return false;
    }
    if (level == 0 ||
        (level < kTopLevel && (entry & PageTables::kLarge) != 0)) {
      return (entry & PageTables::kNotCached) == 0;
    }
  }
  return false;
}

}  // namespace ebpf::x86_64
