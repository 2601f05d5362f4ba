// SPDX-License-Identifier: MIT
//
// A walk from CR3 down, through the direct map.
#include "ports/dragonos/page_walk.h"

#include "ports/dragonos/kernel.h"

namespace ebpf::dragonos {
namespace {

constexpr int kTopLevel = 3;

uint64_t* TableAt(uint64_t phys) {
  return reinterpret_cast<uint64_t*>(dragonos_direct_map() + phys);
}

constexpr uintptr_t BytesOfEntry(int level) { return kPageSize << (9 * level); }

/// The lowest entry that decides on `virt`, and its level.
uint64_t* Find(uintptr_t virt, int* level) {
  uint64_t table;
  asm volatile("movq %%cr3, %0" : "=r"(table));
  for (*level = kTopLevel;; --*level) {
    uint64_t* entry =
        TableAt(table & kEntryAddress) + virt / BytesOfEntry(*level) % 512;
    const uint64_t value = __atomic_load_n(entry, __ATOMIC_RELAXED);
    if (*level == 0 || (value & kEntryPresent) == 0 ||
        (*level < kTopLevel && (value & kEntryLarge) != 0)) {
      return entry;
    }
    table = value;
  }
}

}  // namespace

uint64_t* PageEntry(uintptr_t virt) {
  int level = 0;
  uint64_t* entry = Find(virt, &level);
  return level == 0 ? entry : nullptr;
}

bool Translate(uintptr_t virt, uint64_t* phys) {
  int level = 0;
  const uint64_t entry = *Find(virt, &level);
  if ((entry & kEntryPresent) == 0) {
    return false;
  }
  const uintptr_t inside = BytesOfEntry(level) - 1;
  *phys = (entry & kEntryAddress & ~inside) | (virt & inside);
  return true;
}

bool HasFourLevels() {
  constexpr uint64_t kFiveLevels = 1u << 12;
  uint64_t cr4;
  asm volatile("movq %%cr4, %0" : "=r"(cr4));
  return (cr4 & kFiveLevels) == 0;
}

}  // namespace ebpf::dragonos
