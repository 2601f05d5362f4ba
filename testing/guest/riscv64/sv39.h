// SPDX-License-Identifier: MIT
//
// Entries of RISC-V's Sv39 page tables. [riscv/priv: Sv39]
#pragma once

#include <stdint.h>

#include "testing/guest/kernel/machine.h"

namespace guest::machine {

/// The `Format` of paging/page_table.h. Accessed and dirty are set from the
/// start: a CPU that does not set them by itself would fault.
struct Sv39 {
  static constexpr int kLevels = 3;

  static constexpr uint64_t kValid = 1 << 0;
  static constexpr uint64_t kRead = 1 << 1;
  static constexpr uint64_t kWriteBit = 1 << 2;
  static constexpr uint64_t kExecuteBit = 1 << 3;
  static constexpr uint64_t kGlobal = 1 << 5;
  static constexpr uint64_t kAccessed = 1 << 6;
  static constexpr uint64_t kDirty = 1 << 7;

  static constexpr uint64_t Leaf(uintptr_t phys, uint32_t protection,
                                 int /*level*/) {
    return Table(phys) | kRead | kGlobal | kAccessed | kDirty |
           (protection & kWrite ? kWriteBit : 0) |
           (protection & kExecute ? kExecuteBit : 0);
  }

  static constexpr uint64_t Table(uintptr_t phys) {
    return phys >> 12 << 10 | kValid;
  }

  static constexpr bool IsPresent(uint64_t entry) {
    return (entry & kValid) != 0;
  }

  static constexpr bool IsLeaf(uint64_t entry, int /*level*/) {
    return (entry & (kRead | kWriteBit | kExecuteBit)) != 0;
  }

  static constexpr uintptr_t Phys(uint64_t entry) {
    return (entry >> 10 & ((uint64_t{1} << 44) - 1)) << 12;
  }

  static constexpr uint32_t ProtectionOf(uint64_t entry) {
    return (entry & kWriteBit ? uint32_t{kWrite} : 0) |
           (entry & kExecuteBit ? uint32_t{kExecute} : 0);
  }
};

}  // namespace guest::machine
