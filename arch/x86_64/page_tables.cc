// SPDX-License-Identifier: MIT
//
// A walk from CR3 down, through the direct map.
#include "arch/x86_64/page_tables.h"

namespace ebpf::x86_64 {
namespace {

constexpr int kTopLevel = 3;

constexpr uintptr_t BytesOfEntry(int level) {
  return PageTables::kPageSize << (9 * level);
}

}  // namespace

/// The lowest entry that decides on `virt`, and its level.
PageTables::Found PageTables::Find(uintptr_t virt) const {
  uint64_t table = root_;
  for (int level = kTopLevel;; --level) {
    auto* const entries =
        reinterpret_cast<uint64_t*>(direct_map_ + (table & kAddress));
    uint64_t* const entry = entries + virt / BytesOfEntry(level) % 512;
    const uint64_t value = __atomic_load_n(entry, __ATOMIC_RELAXED);
    if (level == 0 || (value & kPresent) == 0 ||
        (level < kTopLevel && (value & kLarge) != 0)) {
      return {entry, level};
    }
    table = value;
  }
}

uint64_t* PageTables::PageEntry(uintptr_t virt) const {
  const Found found = Find(virt);
  return found.level == 0 ? found.entry : nullptr;
}

bool PageTables::Translate(uintptr_t virt, uint64_t* phys) const {
  const Found found = Find(virt);
  const uint64_t entry = __atomic_load_n(found.entry, __ATOMIC_RELAXED);
  if ((entry & kPresent) == 0) {
    return false;
  }
  const uintptr_t inside = BytesOfEntry(found.level) - 1;
  *phys = (entry & kAddress & ~inside) | (virt & inside);
  return true;
}

}  // namespace ebpf::x86_64
