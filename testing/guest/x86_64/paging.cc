// SPDX-License-Identifier: MIT
//
// The kernel's page tables. [intel/vol3: 4.5]
#include <stddef.h>
#include <stdint.h>

#include "core/base/bits.h"
#include "core/base/memory.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/spin_lock.h"
#include "testing/guest/x86_64/internal.h"
#include "testing/guest/x86_64/registers.h"

namespace guest {
namespace x86_64 {
namespace {

constexpr uint64_t kPresent = 1u << 0;
constexpr uint64_t kWritable = 1u << 1;
constexpr uint64_t kCacheDisable = 1u << 4;
constexpr uint64_t kLarge = 1u << 7;
constexpr uint64_t kNoExecute = uint64_t{1} << 63;
constexpr uint64_t kAddress = 0x000f'ffff'ffff'f000;

constexpr int kTopLevel = 3;
constexpr size_t kEntries = 512;

// Tables beyond those that RAM needs: aliases, devices, slots.
constexpr uint64_t kSpareTables = 64;

/// Bytes that one entry of a table at `level` maps.
constexpr uint64_t EntrySize(int level) { return kPageSize << (9 * level); }

constinit uint64_t top_table = 0;
constinit uint64_t pool_next = 0;
constinit uint64_t pool_end = 0;
constinit SpinLock tables_lock;

/// An empty table, as physical address; 0 if there is none left.
uint64_t NewTable() {
  if (pool_next == pool_end) {
    return 0;
  }
  const uint64_t table = pool_next;
  pool_next += kPageSize;
  ebpf::FillBytes(PhysicalPointer<uint8_t>(table), 0, kPageSize);
  return table;
}

uint64_t* EntryIn(uint64_t table, int level, uintptr_t virt) {
  const size_t index = virt / EntrySize(level) % kEntries;
  return PhysicalPointer<uint64_t>(table) + index;
}

/// Puts a table of smaller leaves, with the same effect, under a large leaf.
bool Split(uint64_t* entry, int level) {
  const uint64_t table = NewTable();
  if (table == 0) {
    return false;
  }
  const uint64_t old = *entry;
  uint64_t* entries = PhysicalPointer<uint64_t>(table);
  for (size_t i = 0; i < kEntries; ++i) {
    uint64_t leaf = old + i * EntrySize(level - 1);
    if (level == 1) {
      leaf &= ~kLarge;
    }
    entries[i] = leaf;
  }
  *entry = table | kPresent | kWritable;
  return true;
}

/// The entry at `leaf_level` for `virt`; null if there is no memory.
uint64_t* EntryToChange(uintptr_t virt, int leaf_level) {
  uint64_t table = top_table;
  for (int level = kTopLevel; level > leaf_level; --level) {
    uint64_t* entry = EntryIn(table, level, virt);
    if ((*entry & kPresent) == 0) {
      const uint64_t next = NewTable();
      if (next == 0) {
        return nullptr;
      }
      *entry = next | kPresent | kWritable;
    } else if ((*entry & kLarge) != 0 && !Split(entry, level)) {
      return nullptr;
    }
    table = *entry & kAddress;
  }
  return EntryIn(table, leaf_level, virt);
}

bool MapLeaves(uintptr_t virt, uint64_t phys, size_t size, int level,
               uint64_t flags) {
  const uint64_t step = EntrySize(level);
  for (size_t done = 0; done < size; done += step) {
    uint64_t* entry = EntryToChange(virt + done, level);
    if (entry == nullptr) {
      return false;
    }
    *entry = (phys + done) | flags | kPresent | (level > 0 ? kLarge : 0);
  }
  return true;
}

uint64_t FlagsOf(uint32_t protection) {
  return (protection & machine::kWrite ? kWritable : 0) |
         (protection & machine::kExecute ? 0 : kNoExecute);
}

}  // namespace

void InitPaging(uint64_t ram_size, uint64_t* free_begin) {
  const uint64_t tables = ram_size / EntrySize(1) + 1 + kSpareTables;
  pool_next = *free_begin;
  pool_end = *free_begin + tables * kPageSize;
  *free_begin = pool_end;
  top_table = NewTable();
  if (!MapLeaves(kKernelBase, 0, ram_size, 0, kWritable)) {
    Panic("no memory for page tables");
  }
  WriteCr3(top_table);
}

uint64_t PageTable() { return top_table; }

void MapDevice(uintptr_t virt, uint64_t phys) {
  constexpr uint64_t kFlags = kWritable | kNoExecute | kCacheDisable;
  if (!MapLeaves(virt, phys, kPageSize, 0, kFlags)) {
    Panic("no memory to map a device");
  }
}

}  // namespace x86_64

namespace machine {

using namespace x86_64;

bool Map(uintptr_t virt, uintptr_t phys, size_t size, uint32_t protection,
         size_t leaf) {
  const int level = leaf == EntrySize(1) ? 1 : 0;
  if (EntrySize(level) != leaf || ((virt | phys | size) & (leaf - 1)) != 0) {
    return false;
  }
  SpinLockGuard guard(tables_lock);
  const bool done = MapLeaves(virt, phys, size, level, FlagsOf(protection));
  FlushTlb(virt, size);
  return done;
}

void Unmap(uintptr_t virt, size_t size) {
  SpinLockGuard guard(tables_lock);
  for (size_t done = 0; done < size; done += kPageSize) {
    if (uint64_t* entry = EntryToChange(virt + done, 0)) {
      *entry = 0;
    }
  }
  FlushTlb(virt, size);
}

bool Query(uintptr_t virt, Mapping* mapping) {
  uint64_t table = top_table;
  uint64_t flags = kWritable;
  for (int level = kTopLevel; level >= 0; --level) {
    const uint64_t entry = *EntryIn(table, level, virt);
    if ((entry & kPresent) == 0) {
      return false;
    }
    flags = (flags & entry & kWritable) | ((flags | entry) & kNoExecute);
    if (level > 0 && (entry & kLarge) == 0) {
      table = entry & kAddress;
      continue;
    }
    const uint64_t size = EntrySize(level);
    mapping->phys = (entry & kAddress & ~(size - 1)) | (virt & (size - 1));
    mapping->leaf = size;
    mapping->protection =
        (flags & kWritable ? kWrite : 0) | (flags & kNoExecute ? 0 : kExecute);
    return true;
  }
  return false;
}

void FlushTlb(uintptr_t virt, size_t size) {
  constexpr size_t kMostByPage = 32 * kPageSize;
  if (size > kMostByPage) {
    WriteCr3(ReadCr3());
    return;
  }
  for (uintptr_t at = virt; at < virt + size; at += kPageSize) {
    asm volatile("invlpg (%0)" : : "r"(at) : "memory");
  }
}

}  // namespace machine
}  // namespace guest
