// SPDX-License-Identifier: MIT
//
// arch/x86_64/machine/text_window.h's implementation.
#include "arch/x86_64/machine/text_window.h"

#include "arch/x86_64/machine/icache.h"
#include "arch/x86_64/machine/system_registers.h"
#include "arch/x86_64/page_tables.h"
#include "core/base/memory.h"
#include "core/base/noprobe.h"
#include "core/platform/errors.h"

namespace ebpf::x86_64 {
namespace {

PageTables TablesInUse(uintptr_t direct_map) {
  uint64_t root;
  asm volatile("movq %%cr3, %0" : "=r"(root));
  return PageTables(root, direct_map);
}

bool HasFourLevels() {
  constexpr uint64_t kFiveLevels = 1u << 12;
  uint64_t cr4;
  asm volatile("movq %%cr4, %0" : "=r"(cr4));
  return (cr4 & kFiveLevels) == 0;
}

/// Byte by byte: what is written may be any function that copies but this one,
/// which takes no probe. Half a jump would be run.
EBPF_NOPROBE void Store(uintptr_t to, const uint8_t* bytes, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    reinterpret_cast<volatile uint8_t*>(to)[i] = bytes[i];
  }
}

}  // namespace

bool TextWindow::Prepare(uintptr_t virt, uintptr_t direct_map) {
  if (virt == 0 || !HasFourLevels()) {
    return false;
  }
  const PageTables tables = TablesInUse(direct_map);
  for (size_t page = 0; page < kPages; ++page) {
    entries_[page] = tables.PageEntry(virt + page * kPageSize);
    if (entries_[page] == nullptr) {
      return false;
    }
  }
  direct_map_ = direct_map;
  virt_ = virt;
  return true;
}

void TextWindow::SetEntry(size_t page, uint64_t value) {
  __atomic_store_n(entries_[page], value, __ATOMIC_RELAXED);
  FlushTranslation(virt_ + page * kPageSize);
}

/// Maps `pages` pages from the one of `to` on.
bool TextWindow::Map(uintptr_t to, size_t pages) {
  constexpr uint64_t kFlags = PageTables::kPresent | PageTables::kWritable |
                              PageTables::kAccessed | PageTables::kDirty |
                              PageTables::kNoExecute;
  const PageTables tables = TablesInUse(direct_map_);
  const uintptr_t begin = to & ~(kPageSize - 1);
  for (size_t page = 0; page < pages; ++page) {
    uint64_t phys = 0;
    if (!tables.Translate(begin + page * kPageSize, &phys)) {
      return false;
    }
    SetEntry(page, phys | kFlags);
  }
  return true;
}

void TextWindow::Unmap(size_t pages) {
  for (size_t page = 0; page < pages; ++page) {
    SetEntry(page, 0);
  }
}

int TextWindow::Write(uintptr_t to, const void* bytes, size_t size) {
  const uintptr_t offset = to % kPageSize;
  const size_t pages = (offset + size + kPageSize - 1) / kPageSize;
  const bool mapped = Map(to, pages);
  if (mapped && size <= kMostInsns) {
    Store(virt_ + offset, static_cast<const uint8_t*>(bytes), size);
  } else if (mapped) {
    CopyBytes(reinterpret_cast<void*>(virt_ + offset), bytes, size);
  }
  Unmap(pages);
  if (!mapped) {
    return kMinusFault;
  }
  FlushInsnCache(to, size);
  SyncInsnStream();
  const bool same = memcmp(reinterpret_cast<const void*>(to), bytes, size) == 0;
  return same ? 0 : kMinusIo;
}

}  // namespace ebpf::x86_64
