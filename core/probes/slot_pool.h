// SPDX-License-Identifier: MIT
//
// Slots: small pieces of executable memory for instructions that are stepped.
#pragma once

#include <stdint.h>

#include "core/base/types.h"
#include "core/machine/probe_plan.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// Hands out slots of kMaxSlotSize bytes from pages of executable memory. Not
/// synchronised. Context: task.
class SlotPool : public NonCopyable {
 public:
  constexpr SlotPool() = default;

  /// A slot less than `reach` away from `near`; kNoMemory. Its bytes are
  /// anything.
  Result<uint64_t> Allocate(Allocator& allocator, uint64_t near,
                            uint64_t reach);

  /// Takes a slot back. No CPU is in it, or will return into it.
  void Free(uint64_t slot);

  /// Gives the pages without slots in use back to the kernel; true if those
  /// were all.
  bool Shrink(Allocator& allocator);

 private:
  static constexpr size_t kPageSize = 4096;
  static constexpr unsigned kSlotsPerPage = kPageSize / machine::kMaxSlotSize;

  struct Page {
    Page* next;
    uint64_t address;
    unsigned used_count;
    uint64_t used[kSlotsPerPage / 64];
  };

  static bool InReach(const Page& page, uint64_t near, uint64_t reach);
  Result<Page*> AddPage(Allocator& allocator, uint64_t near, uint64_t reach);

  Page* pages_ = nullptr;
};

}  // namespace ebpf
