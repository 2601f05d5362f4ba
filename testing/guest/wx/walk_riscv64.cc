// SPDX-License-Identifier: MIT
//
// Sv39 from satp. [riscv/priv: Sv39]
#include "testing/guest/kernel/machine.h"
#include "testing/guest/wx/walk.h"

namespace guest::wx {
namespace {

constexpr uint64_t kValid = 1 << 0;
constexpr uint64_t kRead = 1 << 1;
constexpr uint64_t kWrite = 1 << 2;
constexpr uint64_t kExecute = 1 << 3;
constexpr int kTopLevel = 2;

struct Walk {
  void (*visit)(void* argument, const Leaf& leaf);
  void* argument;
};

uint64_t PhysOf(uint64_t entry) {
  return (entry >> 10 & ((uint64_t{1} << 44) - 1)) << 12;
}

uintptr_t Canonical(uintptr_t virt) {
  return (virt >> 38 & 1) != 0 ? virt | ~((uintptr_t{1} << 39) - 1) : virt;
}

void WalkTable(const Walk& walk, uint64_t table, int level, uintptr_t virt) {
  auto* entries =
      reinterpret_cast<const uint64_t*>(machine::DirectMapBase() + table);
  const uint64_t size = uint64_t{kPageSize} << (9 * level);
  for (size_t i = 0; i < 512; ++i) {
    const uint64_t entry = entries[i];
    const uintptr_t at = virt + i * size;
    if ((entry & kValid) == 0) {
      continue;
    }
    if ((entry & (kRead | kWrite | kExecute)) == 0 && level > 0) {
      WalkTable(walk, PhysOf(entry), level - 1, at);
      continue;
    }
    walk.visit(walk.argument, {.virt = Canonical(at),
                               .phys = PhysOf(entry),
                               .size = size,
                               .writable = (entry & kWrite) != 0,
                               .executable = (entry & kExecute) != 0});
  }
}

}  // namespace

bool ForEachLeaf(void (*visit)(void* argument, const Leaf& leaf),
                 void* argument) {
  uint64_t satp;
  asm volatile("csrr %0, satp" : "=r"(satp));
  constexpr uint64_t kSv39 = 8;
  if (satp >> 60 != kSv39) {
    return false;
  }
  const Walk walk = {visit, argument};
  WalkTable(walk, (satp & ((uint64_t{1} << 44) - 1)) << 12, kTopLevel, 0);
  return true;
}

}  // namespace guest::wx
