// SPDX-License-Identifier: MIT
//
// A kernel's page tables of four levels, read without the kernel's own mapper,
// whose lock a stopped CPU may hold. [intel/vol3: 4-Level Paging]
#pragma once

#include <stdint.h>

namespace ebpf::x86_64 {

/// The tables below one CR3. It holds nothing and changes nothing. Context of
/// all: any; the tables on the way are not freed meanwhile.
class PageTables {
 public:
  static constexpr uintptr_t kPageSize = 4096;

  // Bits of an entry.
  static constexpr uint64_t kPresent = 1 << 0;
  static constexpr uint64_t kWritable = 1 << 1;
  static constexpr uint64_t kNotCached = 1 << 4;
  static constexpr uint64_t kAccessed = 1 << 5;
  static constexpr uint64_t kDirty = 1 << 6;
  static constexpr uint64_t kLarge = 1 << 7;
  static constexpr uint64_t kNoExecute = uint64_t{1} << 63;
  static constexpr uint64_t kAddress = 0x000f'ffff'ffff'f000;

  /// `root` is CR3; physical address 0 is at `direct_map`, and all tables from
  /// there on.
  constexpr PageTables(uint64_t root, uintptr_t direct_map)
      : root_(root), direct_map_(direct_map) {}

  /// The entry that maps 4 KiB at `virt`, whether it is present or not; null if
  /// there is no table for it or it is part of a larger leaf.
  uint64_t* PageEntry(uintptr_t virt) const;

  /// The physical address behind `virt`, in leaves of any size; false if there
  /// is none.
  bool Translate(uintptr_t virt, uint64_t* phys) const;

 private:
  struct Found {
    uint64_t* entry;
    int level;
  };
  Found Find(uintptr_t virt) const;

  uint64_t root_;
  uintptr_t direct_map_;
};

}  // namespace ebpf::x86_64
