// SPDX-License-Identifier: MIT
//
// Slots: small pieces of executable memory for instructions that run elsewhere
// than at their own place.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/noprobe.h"
#include "core/base/types.h"
#include "core/machine/probe_plan.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// Hands out slots of kMaxSlotSize bytes from pages of executable memory. Not
/// synchronised but for OriginOf. Context of all that is not said otherwise:
/// task.
class SlotPool : public NonCopyable {
 public:
  constexpr SlotPool() = default;

  /// A slot less than `reach` away from `near`; kNoMemory. Its bytes are
  /// anything.
  Result<uint64_t> Allocate(Allocator& allocator, uint64_t near,
                            uint64_t reach);

  /// In the slot the instruction at `address` will run, `copy_offset` behind
  /// the slot's beginning, with interrupts as they are, and jump back.
  void SetOrigin(uint64_t slot, uint64_t address, uint8_t copy_offset = 0);

  /// Takes a slot back, which nobody finds any more whose interrupts are on. It
  /// is given out again when Quiesce has found it empty.
  void Free(uint64_t slot);

  /// Has all CPUs leave text that is run with interrupts masked, as
  /// WaitForMaskedText, and finds out in which freed slots nobody is: those can
  /// be given out again, and pages without slots in use go back to the kernel.
  /// WaitForMaskedText's errors: nothing changed.
  Status Quiesce(Allocator& allocator);

  /// Whether there is something for Quiesce to do.
  bool has_freed() const { return freed_count_ != 0; }

  /// Whether there is no page left.
  bool empty() const { return pages_.Load(kRelaxed) == nullptr; }

  /// Where the code that is about to go on at `pc` would be, were its
  /// instruction at its own place; `pc` if it is in no slot with an origin.
  /// Context: any, interrupts masked: no Quiesce ends meanwhile.
  EBPF_NOPROBE_INLINE uint64_t OriginOf(uint64_t pc) const {
    // Acquires: pairs with the release in AddPage.
    const Page* page = pages_.Load(kAcquire);
    while (page != nullptr && pc - page->address >= kPageSize) {
      page = page->next.Load(kAcquire);
    }
    if (page == nullptr) {
      return pc;
    }
    const uint64_t index = (pc - page->address) / machine::kMaxSlotSize;
    const uint64_t offset = (pc - page->address) % machine::kMaxSlotSize;
    const uint64_t origin = page->origins[index].Load(kRelaxed);
    const uint64_t copy = page->copies[index].Load(kRelaxed);
    if (origin == 0) {
      return pc;
    }
    return offset <= copy ? origin : origin + offset - copy;
  }

 private:
  static constexpr size_t kPageSize = 4096;
  static constexpr unsigned kSlotsPerPage = kPageSize / machine::kMaxSlotSize;
  static constexpr unsigned kWords = kSlotsPerPage / 64;

  struct Page {
    Atomic<Page*> next;
    uint64_t address;
    unsigned used_count;
    uint64_t used[kWords];
    uint64_t freed[kWords];  // of those: freed, but somebody may be inside
    uint64_t seen[kWords];   // somebody is inside
    /// Of slots that jump back; else 0. Changed where nobody is inside.
    Atomic<uint64_t> origins[kSlotsPerPage];
    Atomic<uint8_t> copies[kSlotsPerPage];  // offsets of the copies
  };

  static bool InReach(const Page& page, uint64_t near, uint64_t reach);
  Result<Page*> AddPage(Allocator& allocator, uint64_t near, uint64_t reach);
  Page* PageOf(uint64_t address) const;
  static unsigned IndexOf(const Page& page, uint64_t slot);
  void GiveBack(Page& page, unsigned index);
  static void See(void* pool, uintptr_t pc);
  static void Decide(void* pool, bool listed);

  Atomic<Page*> pages_{nullptr};
  Page* empty_pages_ = nullptr;  // within Quiesce
  size_t freed_count_ = 0;
  bool all_seen_ = false;  // in a rendezvous: somebody may be in any slot
};

}  // namespace ebpf
