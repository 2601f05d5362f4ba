// SPDX-License-Identifier: MIT
//
// Four levels from CR3. [intel/vol3: 4.5 4-Level Paging, 4.6 Access Rights]
#include "testing/guest/kernel/machine.h"
#include "testing/guest/wx/walk.h"

namespace guest::wx {
namespace {

constexpr uint64_t kPresent = 1u << 0;
constexpr uint64_t kWritable = 1u << 1;
constexpr uint64_t kLarge = 1u << 7;
constexpr uint64_t kNoExecute = uint64_t{1} << 63;
constexpr uint64_t kAddress = 0x000f'ffff'ffff'f000;
constexpr int kTopLevel = 3;

struct Walk {
  void (*visit)(void* argument, const Leaf& leaf);
  void* argument;
  bool ignores_read_only;  // CR0.WP is clear
};

uintptr_t Canonical(uintptr_t virt) {
  return (virt >> 47 & 1) != 0 ? virt | 0xffff'0000'0000'0000 : virt;
}

void WalkTable(const Walk& walk, uint64_t table, int level, uintptr_t virt,
               uint64_t rights) {
  auto* entries =
      reinterpret_cast<const uint64_t*>(machine::DirectMapBase() + table);
  const uint64_t size = uint64_t{kPageSize} << (9 * level);
  for (size_t i = 0; i < 512; ++i) {
    const uint64_t entry = entries[i];
    if ((entry & kPresent) == 0) {
      continue;
    }
    const uintptr_t at = virt + i * size;
    // Each level may take the right to write, or to execute.
    const uint64_t both =
        (rights & entry & kWritable) | ((rights | entry) & kNoExecute);
    if (level > 0 && ((entry & kLarge) == 0 || level == kTopLevel)) {
      WalkTable(walk, entry & kAddress, level - 1, at, both);
      continue;
    }
    walk.visit(walk.argument,
               {.virt = Canonical(at),
                .phys = entry & kAddress & ~(size - 1),
                .size = size,
                .writable = (both & kWritable) != 0 || walk.ignores_read_only,
                .executable = (both & kNoExecute) == 0});
  }
}

}  // namespace

bool ForEachLeaf(void (*visit)(void* argument, const Leaf& leaf),
                 void* argument) {
  uint64_t cr0;
  uint64_t cr3;
  uint64_t cr4;
  asm volatile("movq %%cr0, %0; movq %%cr3, %1; movq %%cr4, %2"
               : "=r"(cr0), "=r"(cr3), "=r"(cr4));
  uint32_t efer;
  asm volatile("rdmsr" : "=a"(efer) : "c"(0xc000'0080) : "edx");
  constexpr uint64_t kFiveLevels = 1u << 12;
  constexpr uint32_t kNoExecuteEnable = 1u << 11;
  if ((cr4 & kFiveLevels) != 0 || (efer & kNoExecuteEnable) == 0) {
    return false;
  }
  constexpr uint64_t kWriteProtect = 1u << 16;
  const Walk walk = {visit, argument, (cr0 & kWriteProtect) == 0};
  WalkTable(walk, cr3 & kAddress, kTopLevel, 0, kWritable);
  return true;
}

}  // namespace guest::wx
