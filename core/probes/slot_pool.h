// SPDX-License-Identifier: MIT
//
// Slots: small pieces of executable memory for instructions that run elsewhere
// than at their own place.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/intrusive_list.h"
#include "core/base/noprobe.h"
#include "core/base/types.h"
#include "core/machine/probe_plan.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// Hands out slots of kMaxSlotSize bytes from pages of executable memory. What
/// one operation takes does not grow with the number of slots. Not synchronised
/// but for OriginOf. Context of all that is not said otherwise: task.
class SlotPool : public NonCopyable {
 public:
  constexpr SlotPool() = default;

  /// A slot less than `reach` away from `near`; kNoMemory. Its bytes are
  /// anything.
  Result<uint64_t> Allocate(Allocator& allocator, uint64_t near,
                            uint64_t reach);

  /// In the slot the `size` bytes of instructions at `address` will run, from
  /// `copy_offset` behind the slot's beginning on, with interrupts as they are,
  /// and jump back behind themselves.
  void SetOrigin(uint64_t slot, uint64_t address, uint8_t copy_offset = 0,
                 uint8_t size = machine::kMaxWindowSize);

  /// Takes a slot back, which nobody finds any more whose interrupts are on. It
  /// is given out again when Quiesce has found it empty.
  void Free(uint64_t slot);

  /// Takes a slot back that nobody ever could find: it is given out again at
  /// once.
  void Return(uint64_t slot);

  /// Has all CPUs leave text that is run with interrupts masked, as
  /// WaitForMaskedText, and finds out in which freed slots nobody is: those can
  /// be given out again, and pages without slots in use go back to the kernel,
  /// but for one, which the next probe will want.
  /// WaitForMaskedText's errors: nothing changed.
  Status Quiesce(Allocator& allocator);

  /// As Quiesce, but no page is kept that has no slots in use.
  Status Close(Allocator& allocator);

  /// Whether there is something for Quiesce to do.
  bool has_freed() const { return !freed_.empty(); }

  /// Whether there is no page left.
  bool empty() const { return page_count_ == 0; }

  /// Where the code that is about to go on at `pc` would be, were its
  /// instruction at its own place; `pc` if it is in no slot with an origin.
  /// Context: any, interrupts masked: no Quiesce ends meanwhile.
  EBPF_NOPROBE_INLINE uint64_t OriginOf(uint64_t pc) const {
    const Page* page = PageOf(pc);
    if (page == nullptr) {
      return pc;
    }
    const uint64_t index = (pc - page->address) / machine::kMaxSlotSize;
    const uint64_t offset = (pc - page->address) % machine::kMaxSlotSize;
    const uint64_t origin = page->origins[index].Load(kRelaxed);
    const uint64_t copy = page->copies[index].Load(kRelaxed);
    const uint64_t size = page->sizes[index].Load(kRelaxed);
    if (origin == 0) {
      return pc;
    }
    if (offset <= copy) {
      return origin;
    }
    return origin + (offset - copy < size ? offset - copy : size);
  }

  /// As OriginOf, for a `pc` that is before the copy in a slot; 0 if it is in
  /// no slot with an origin.
  EBPF_NOPROBE_INLINE uint64_t AddressAt(uint64_t pc) const {
    const Page* page = PageOf(pc);
    return page == nullptr
               ? 0
               : page->origins[(pc - page->address) / machine::kMaxSlotSize]
                     .Load(kRelaxed);
  }

  /// Where the code that is about to go on at `pc` leaves its slot for; `pc` if
  /// it is in no slot with an origin. As OriginOf.
  uint64_t EndOf(uint64_t pc) const;

 private:
  static constexpr size_t kPageSize = 4096;
  static constexpr unsigned kSlotsPerPage = kPageSize / machine::kMaxSlotSize;
  static constexpr unsigned kWords = kSlotsPerPage / 64;
  static_assert(kPageSize % machine::kMaxSlotSize == 0);
  static_assert(kSlotsPerPage % 64 == 0);

  /// Pages are found by address in constant time, as far as there are hundreds
  /// of them, for tens of thousands of probes.
  static constexpr unsigned kBucketBits = 6;

  /// While the other CPUs stand still so many are looked at, in some dozens of
  /// instructions each.
  static constexpr unsigned kMaxPagesDecided = 64;

  struct WithRoom;
  struct WithFreed;
  struct Page : ListNode<Page, WithRoom>, ListNode<Page, WithFreed> {
    Atomic<Page*> next;  // in the bucket
    uint64_t address;
    bool is_out;  // of the bucket: its end is near
    uint64_t used[kWords];
    uint64_t freed[kWords];       // of those: freed, but who is inside?
    uint64_t jumps_back[kWords];  // of those: with an origin
    uint64_t seen[kWords];        // somebody is inside
    uint64_t gone[kWords];        // nobody was; within Quiesce
    /// Of slots that jump back; else 0. Changed where nobody is inside.
    Atomic<uint64_t> origins[kSlotsPerPage];
    Atomic<uint8_t> copies[kSlotsPerPage];  // offsets of the copies
    Atomic<uint8_t> sizes[kSlotsPerPage];   // and how long they are
  };
  using FreedList = IntrusiveList<Page, WithFreed>;

  static EBPF_NOPROBE_INLINE unsigned BucketOf(uint64_t address) {
    constexpr uint64_t kGoldenRatio = 0x9e3779b97f4a7c15;
    return static_cast<unsigned>((address / kPageSize * kGoldenRatio) >>
                                 (64 - kBucketBits));
  }
  /// The page that `address` lies in, or null.
  EBPF_NOPROBE_INLINE Page* PageOf(uint64_t address) const {
    // Acquires: pairs with the release in AddPage.
    Page* page = buckets_[BucketOf(address)].Load(kAcquire);
    while (page != nullptr && address - page->address >= kPageSize) {
      page = page->next.Load(kAcquire);
    }
    return page;
  }

  static bool IsUnused(const Page& page);
  static unsigned FirstUnused(const Page& page);
  static bool InReach(const Page& page, uint64_t near, uint64_t reach);
  Result<Page*> AddPage(Allocator& allocator, uint64_t near, uint64_t reach);
  static unsigned IndexOf(const Page& page, uint64_t slot);
  void AddToRoom(Page& page);
  void AddToFreed(Page& page);
  static void See(void* pool, uintptr_t pc);
  static void Decide(void* pool, bool listed);
  void DecideOn(Page& page, bool known);
  void RemoveUnlessSpare(Page& page);
  void EndDecided(Allocator& allocator, FreedList& occupied);

  Atomic<Page*> buckets_[1u << kBucketBits]{};
  size_t page_count_ = 0;
  IntrusiveList<Page, WithRoom> room_;
  FreedList freed_;    // pages with slots that are freed, or without any in use
  FreedList decided_;  // within Quiesce
  Page* spare_ = nullptr;  // was without slots in use, and kept for that
  bool keeps_spare_ = true;
  bool all_seen_ = false;  // in a rendezvous: somebody may be in any slot
};

}  // namespace ebpf
