// SPDX-License-Identifier: MIT
//
// core/probes/slot_pool.h's implementation.
#include "core/probes/slot_pool.h"

#include "core/base/bits.h"
#include "core/platform/text.h"
#include "core/probes/probe_site.h"
#include "core/sync/text_quiescence.h"

namespace ebpf {
namespace {

bool HasBit(const uint64_t* bits, unsigned index) {
  return (bits[index / 64] >> index % 64 & 1) != 0;
}
void SetBit(uint64_t* bits, unsigned index) {
  bits[index / 64] |= uint64_t{1} << index % 64;
}
void ClearBit(uint64_t* bits, unsigned index) {
  bits[index / 64] &= ~(uint64_t{1} << index % 64);
}
template <unsigned kCount>
bool HasAny(const uint64_t (&bits)[kCount]) {
  uint64_t any = 0;
  for (const uint64_t word : bits) {
    any |= word;
  }
  return any != 0;
}
template <unsigned kCount>
void ClearBits(uint64_t (&bits)[kCount]) {
  for (uint64_t& word : bits) {
    word = 0;
  }
}

}  // namespace

bool SlotPool::IsUnused(const Page& page) { return !HasAny(page.used); }

/// kSlotsPerPage: there is none.
unsigned SlotPool::FirstUnused(const Page& page) {
  for (unsigned i = 0; i < kWords; ++i) {
    if (~page.used[i] != 0) {
      const uint64_t lowest = ~page.used[i] & (page.used[i] + 1);
      return i * 64 + BitWidth(lowest) - 1;
    }
  }
  return kSlotsPerPage;
}

bool SlotPool::InReach(const Page& page, uint64_t near, uint64_t reach) {
  const uint64_t last = page.address + kPageSize - 1;
  const uint64_t up = last > near ? last - near : 0;
  const uint64_t down = near > page.address ? near - page.address : 0;
  return Max(up, down) < reach;
}

Result<SlotPool::Page*> SlotPool::AddPage(Allocator& allocator, uint64_t near,
                                          uint64_t reach) {
  Page* page = EBPF_TRY(allocator.New<Page>());
  void* memory = ebpf_port_exec_alloc(kPageSize, near, reach);
  if (memory == nullptr) {
    allocator.Delete(page);
    return Status::kNoMemory;
  }
  page->address = reinterpret_cast<uintptr_t>(memory);
  if (page->address % kPageSize != 0) {
    ebpf_port_exec_free(memory, kPageSize);
    allocator.Delete(page);
    return Status::kNotSupported;  // the port's error: none would be found
  }
  Atomic<Page*>& bucket = buckets_[BucketOf(page->address)];
  page->next.Store(bucket.Load(kRelaxed), kRelaxed);
  // Releases the page: pairs with the acquires in PageOf.
  bucket.Store(page, kRelease);
  room_.PushBack(*page);
  ++page_count_;
  return page;
}

unsigned SlotPool::IndexOf(const Page& page, uint64_t slot) {
  return static_cast<unsigned>((slot - page.address) / machine::kMaxSlotSize);
}

void SlotPool::AddToRoom(Page& page) {
  if (!page.ListNode<Page, WithRoom>::IsLinked() &&
      FirstUnused(page) != kSlotsPerPage) {
    room_.PushBack(page);
  }
}

void SlotPool::AddToFreed(Page& page) {
  if (!page.ListNode<Page, WithFreed>::IsLinked()) {
    freed_.PushBack(page);
  }
}

Result<uint64_t> SlotPool::Allocate(Allocator& allocator, uint64_t near,
                                    uint64_t reach) {
  Page* page = nullptr;
  for (Page& candidate : room_) {
    if (InReach(candidate, near, reach)) {
      page = &candidate;
      break;
    }
  }
  if (page == nullptr) {
    page = EBPF_TRY(AddPage(allocator, near, reach));
  }
  const unsigned index = FirstUnused(*page);
  SetBit(page->used, index);
  if (FirstUnused(*page) == kSlotsPerPage) {
    room_.Remove(*page);
  }
  return page->address + index * machine::kMaxSlotSize;
}

void SlotPool::SetOrigin(uint64_t slot, uint64_t address, uint8_t copy_offset,
                         uint8_t size) {
  Page& page = *PageOf(slot);
  const unsigned index = IndexOf(page, slot);
  SetBit(page.jumps_back, index);
  page.copies[index].Store(copy_offset, kRelaxed);
  page.sizes[index].Store(size, kRelaxed);
  page.origins[index].Store(address, kRelaxed);
}

uint64_t SlotPool::EndOf(uint64_t pc) const {
  const Page* page = PageOf(pc);
  if (page == nullptr) {
    return pc;
  }
  const unsigned index = IndexOf(*page, pc);
  const uint64_t origin = page->origins[index].Load(kRelaxed);
  return origin == 0 ? pc : origin + page->sizes[index].Load(kRelaxed);
}

void SlotPool::Free(uint64_t slot) {
  Page& page = *PageOf(slot);
  SetBit(page.freed, IndexOf(page, slot));
  AddToFreed(page);
}

void SlotPool::Return(uint64_t slot) {
  Page& page = *PageOf(slot);
  const unsigned index = IndexOf(page, slot);
  ClearBit(page.used, index);
  ClearBit(page.jumps_back, index);
  page.origins[index].Store(0, kRelaxed);
  AddToRoom(page);
  if (IsUnused(page) && &page != spare_) {
    AddToFreed(page);
  }
}

// --- With all CPUs stopped --------------------------------------------------

void SlotPool::See(void* pool, uintptr_t pc) {
  auto& self = *static_cast<SlotPool*>(pool);
  self.all_seen_ = self.all_seen_ || machine_detour_text.Overlaps(pc, 1);
  Page* page = self.PageOf(pc);
  if (page != nullptr && page->ListNode<Page, WithFreed>::IsLinked()) {
    SetBit(page->seen, IndexOf(*page, pc));
  }
}

void SlotPool::Decide(void* pool, bool listed) {
  auto& self = *static_cast<SlotPool*>(pool);
  const bool known = listed && !self.all_seen_;
  self.all_seen_ = false;
  for (unsigned i = 0; i < kMaxPagesDecided && !self.freed_.empty(); ++i) {
    Page& page = self.freed_.Front();
    self.freed_.Remove(page);
    self.DecideOn(page, known);
    self.decided_.PushBack(page);
  }
}

void SlotPool::DecideOn(Page& page, bool known) {
  for (unsigned i = 0; i < kWords; ++i) {
    const uint64_t stay =
        page.jumps_back[i] & (known ? page.seen[i] : ~uint64_t{0});
    page.gone[i] = page.freed[i] & ~stay;
    page.used[i] &= ~page.gone[i];
    page.freed[i] &= ~page.gone[i];
    page.jumps_back[i] &= ~page.gone[i];
    page.seen[i] = 0;
  }
  if (IsUnused(page)) {
    RemoveUnlessSpare(page);
  }
}

// None of the CPUs is in OriginOf.
void SlotPool::RemoveUnlessSpare(Page& page) {
  const bool has_other =
      spare_ != nullptr && spare_ != &page && IsUnused(*spare_);
  if (keeps_spare_ && !has_other) {
    spare_ = &page;
    return;
  }
  if (spare_ == &page) {
    spare_ = nullptr;
  }
  Atomic<Page*>* link = &buckets_[BucketOf(page.address)];
  while (link->Load(kRelaxed) != &page) {
    link = &link->Load(kRelaxed)->next;
  }
  link->Store(page.next.Load(kRelaxed), kRelaxed);
  page.is_out = true;
}

// --- And afterwards ----------------------------------------------------------

/// What need not be done while they stood still.
void SlotPool::EndDecided(Allocator& allocator, FreedList& occupied) {
  while (!decided_.empty()) {
    Page& page = decided_.Front();
    decided_.Remove(page);
    if (HasAny(page.freed)) {
      occupied.PushBack(page);
    }
    AddToRoom(page);
    if (page.is_out) {
      room_.Remove(page);
      ebpf_port_exec_free(reinterpret_cast<void*>(page.address), kPageSize);
      allocator.Delete(&page);
      --page_count_;
      continue;
    }
    for (unsigned i = 0; i < kSlotsPerPage; ++i) {
      if (HasBit(page.gone, i)) {
        page.origins[i].Store(0, kRelaxed);
      }
    }
  }
}

Status SlotPool::Quiesce(Allocator& allocator) {
  FreedList occupied;  // by somebody, who may have left the next time
  Status status = InspectText({See, Decide, this});
  const Status first = status;
  while (IsOk(status)) {
    EndDecided(allocator, occupied);
    status = freed_.empty() ? Status::kBusy : InspectText({See, Decide, this});
  }
  while (!occupied.empty()) {
    Page& page = occupied.Front();
    occupied.Remove(page);
    ClearBits(page.seen);  // by later rendezvous
    freed_.PushBack(page);
  }
  return first;
}

Status SlotPool::Close(Allocator& allocator) {
  if (spare_ != nullptr && IsUnused(*spare_)) {
    AddToFreed(*spare_);
  }
  keeps_spare_ = false;
  const Status status = Quiesce(allocator);
  keeps_spare_ = true;
  return status;
}

}  // namespace ebpf
