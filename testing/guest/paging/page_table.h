// SPDX-License-Identifier: MIT
//
// The walker over page tables of 512 entries that RISC-V's Sv39 and AArch64's
// 4 KiB granule share; what an entry looks like is the CPU's `Format`.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "testing/guest/kernel/machine.h"

namespace guest::machine {

/// Pages for tables, from memory that the image has anyway: page tables are
/// needed before there is an allocator. Not locked.
class TablePool {
 public:
  constexpr TablePool(uint64_t (*pages)[512], size_t count)
      : pages_(pages), fresh_(count) {}

  /// A table of zeroes, or null.
  uint64_t* Take() {
    uint64_t* table = returned_;
    if (table != nullptr) {
      returned_ = reinterpret_cast<uint64_t*>(table[0]);
    } else if (fresh_ != 0) {
      table = pages_[--fresh_];
    } else {
      return nullptr;
    }
    for (int i = 0; i < 512; ++i) {
      table[i] = 0;
    }
    return table;
  }

  void Give(uint64_t* table) {
    table[0] = reinterpret_cast<uint64_t>(returned_);
    returned_ = table;
  }

 private:
  uint64_t (*const pages_)[512];
  size_t fresh_;
  uint64_t* returned_ = nullptr;
};

/// A tree of tables whose physical and virtual addresses are the same.
///
/// `Format` has `kLevels` (the root is level kLevels - 1, pages are level 0)
/// and static functions between entries and meanings: Leaf(phys, protection,
/// level), Table(phys), IsPresent(entry), IsLeaf(entry, level), Phys(entry),
/// ProtectionOf(entry). Nothing here is locked and nothing flushes a TLB.
template <typename Format>
class PageTable {
 public:
  constexpr PageTable(uint64_t* root, TablePool* pool)
      : root_(root), pool_(pool) {}

  /// As machine::Map().
  bool Map(uintptr_t virt, uintptr_t phys, size_t size, uint32_t protection,
           size_t leaf) {
    const int level = LevelOf(leaf);
    if (level < 0 || (virt | phys | size) % leaf != 0) {
      return false;
    }
    for (size_t done = 0; done < size; done += leaf) {
      uint64_t* entry = Reach(virt + done, level);
      if (entry == nullptr) {
        return false;
      }
      const uint64_t old = *entry;
      Set(entry, Format::Leaf(phys + done, protection, level));
      if (Format::IsPresent(old) && !Format::IsLeaf(old, level)) {
        GiveTree(TableAt(old), level - 1);
      }
    }
    return true;
  }

  /// As machine::Unmap(); a larger leaf that it cuts is split.
  void Unmap(uintptr_t virt, size_t size) {
    const uintptr_t end = virt + size;
    while (virt < end) {
      int level = 0;
      uint64_t* entry = Find(virt, &level);
      const size_t bytes = LeafSize(level);
      const uintptr_t next = (virt & ~(bytes - 1)) + bytes;
      if (Format::IsPresent(*entry) && (virt % bytes != 0 || next > end)) {
        if (Reach(virt, level - 1) == nullptr) {
          return;
        }
        continue;
      }
      Set(entry, 0);
      virt = next;
    }
  }

  /// As machine::Query().
  bool Query(uintptr_t virt, Mapping* mapping) const {
    int level = 0;
    const uint64_t entry = *Find(virt, &level);
    if (!Format::IsPresent(entry)) {
      return false;
    }
    mapping->leaf = LeafSize(level);
    mapping->phys = Format::Phys(entry) + virt % mapping->leaf;
    mapping->protection = Format::ProtectionOf(entry);
    return true;
  }

 private:
  static constexpr size_t LeafSize(int level) {
    return kPageSize << (9 * level);
  }

  static constexpr int LevelOf(size_t leaf) {
    for (int level = 0; level < Format::kLevels; ++level) {
      if (LeafSize(level) == leaf) {
        return level;
      }
    }
    return -1;
  }

  static uint64_t* TableAt(uint64_t entry) {
    return reinterpret_cast<uint64_t*>(Format::Phys(entry));
  }

  static void Set(uint64_t* entry, uint64_t value) {
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
  }

  static uint64_t* EntryIn(uint64_t* table, uintptr_t virt, int level) {
    return &table[virt >> (12 + 9 * level) & 511];
  }

  /// The entry that decides on `virt`: a leaf or an absent one, and its level.
  uint64_t* Find(uintptr_t virt, int* level) const {
    uint64_t* table = root_;
    for (*level = Format::kLevels - 1;; --*level) {
      uint64_t* entry = EntryIn(table, virt, *level);
      if (!Format::IsPresent(*entry) || Format::IsLeaf(*entry, *level)) {
        return entry;
      }
      table = TableAt(*entry);
    }
  }

  /// The entry for `virt` at `level`, after making the tables above it and
  /// splitting the leaf that stood there; null if there is no memory.
  uint64_t* Reach(uintptr_t virt, int level) {
    uint64_t* table = root_;
    for (int at = Format::kLevels - 1; at > level; --at) {
      uint64_t* entry = EntryIn(table, virt, at);
      if (!Format::IsPresent(*entry) || Format::IsLeaf(*entry, at)) {
        uint64_t* below = pool_->Take();
        if (below == nullptr) {
          return nullptr;
        }
        if (Format::IsPresent(*entry)) {
          Fill(below, *entry, at - 1);
        }
        Set(entry, Format::Table(reinterpret_cast<uintptr_t>(below)));
      }
      table = TableAt(*entry);
    }
    return EntryIn(table, virt, level);
  }

  static void Fill(uint64_t* table, uint64_t leaf, int level) {
    for (size_t i = 0; i < 512; ++i) {
      table[i] = Format::Leaf(Format::Phys(leaf) + i * LeafSize(level),
                              Format::ProtectionOf(leaf), level);
    }
  }

  void GiveTree(uint64_t* table, int level) {
    for (int i = 0; level > 0 && i < 512; ++i) {
      if (Format::IsPresent(table[i]) && !Format::IsLeaf(table[i], level)) {
        GiveTree(TableAt(table[i]), level - 1);
      }
    }
    pool_->Give(table);
  }

  uint64_t* const root_;
  TablePool* const pool_;
};

}  // namespace guest::machine
