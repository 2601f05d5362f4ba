// SPDX-License-Identifier: MIT
//
// Entries of AArch64's translation tables, stage 1 of EL1, 4 KiB granule.
// [arm/arm: VMSAv8-64 translation table format descriptors]
#pragma once

#include <stdint.h>

#include "testing/guest/kernel/machine.h"

namespace guest::machine {

/// Asks Descriptor::Leaf() for device memory instead of write-back memory.
inline constexpr uint32_t kDevice = 1u << 31;

/// The `Format` of paging/page_table.h: three levels, of which the lowest has
/// pages and the others blocks.
struct Descriptor {
  static constexpr int kLevels = 3;

  static constexpr uint64_t kValid = 1 << 0;
  static constexpr uint64_t kTableOrPage = 1 << 1;
  static constexpr uint64_t kWriteBack = 1 << 2;  // attribute 1 of MAIR
  static constexpr uint64_t kReadOnlyBit = 1 << 7;
  static constexpr uint64_t kInnerShareable = 3 << 8;
  static constexpr uint64_t kAccessed = 1 << 10;
  static constexpr uint64_t kNeverExecuted = uint64_t{3} << 53;  // UXN, PXN
  static constexpr uint64_t kUserNever = uint64_t{1} << 54;
  static constexpr uint64_t kPhysMask = ((uint64_t{1} << 36) - 1) << 12;

  static constexpr uint64_t Leaf(uintptr_t phys, uint32_t protection,
                                 int level) {
    return (phys & kPhysMask) | kValid | kAccessed | kUserNever |
           (level == 0 ? kTableOrPage : 0) |
           (protection & kDevice ? 0 : kWriteBack | kInnerShareable) |
           (protection & kWrite ? 0 : kReadOnlyBit) |
           (protection & kExecute ? 0 : kNeverExecuted);
  }

  static constexpr uint64_t Table(uintptr_t phys) {
    return phys | kValid | kTableOrPage;
  }

  static constexpr bool IsPresent(uint64_t entry) {
    return (entry & kValid) != 0;
  }

  static constexpr bool IsLeaf(uint64_t entry, int level) {
    return level == 0 || (entry & kTableOrPage) == 0;
  }

  static constexpr uintptr_t Phys(uint64_t entry) { return entry & kPhysMask; }

  static constexpr uint32_t ProtectionOf(uint64_t entry) {
    constexpr uint64_t kPrivilegedNever = uint64_t{1} << 53;
    return (entry & kReadOnlyBit ? 0 : uint32_t{kWrite}) |
           (entry & kPrivilegedNever ? 0 : uint32_t{kExecute}) |
           (entry & kWriteBack ? 0 : kDevice);
  }
};

}  // namespace guest::machine
