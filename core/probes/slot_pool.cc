// SPDX-License-Identifier: MIT
//
// core/probes/slot_pool.h's implementation.
#include "core/probes/slot_pool.h"

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

}  // namespace

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
  page->next.Store(pages_.Load(kRelaxed), kRelaxed);
  // Releases the page: pairs with the acquires in OriginOf.
  pages_.Store(page, kRelease);
  return page;
}

SlotPool::Page* SlotPool::PageOf(uint64_t address) const {
  Page* page = pages_.Load(kRelaxed);
  while (page != nullptr && address - page->address >= kPageSize) {
    page = page->next.Load(kRelaxed);
  }
  return page;
}

unsigned SlotPool::IndexOf(const Page& page, uint64_t slot) {
  return static_cast<unsigned>((slot - page.address) / machine::kMaxSlotSize);
}

Result<uint64_t> SlotPool::Allocate(Allocator& allocator, uint64_t near,
                                    uint64_t reach) {
  Page* page = pages_.Load(kRelaxed);
  while (page != nullptr &&
         (page->used_count == kSlotsPerPage || !InReach(*page, near, reach))) {
    page = page->next.Load(kRelaxed);
  }
  if (page == nullptr) {
    page = EBPF_TRY(AddPage(allocator, near, reach));
  }
  unsigned index = 0;
  while (HasBit(page->used, index)) {
    ++index;
  }
  SetBit(page->used, index);
  ++page->used_count;
  return page->address + index * machine::kMaxSlotSize;
}

void SlotPool::SetOrigin(uint64_t slot, uint64_t address, uint8_t copy_offset) {
  Page& page = *PageOf(slot);
  page.copies[IndexOf(page, slot)].Store(copy_offset, kRelaxed);
  page.origins[IndexOf(page, slot)].Store(address, kRelaxed);
}

void SlotPool::Free(uint64_t slot) {
  Page& page = *PageOf(slot);
  SetBit(page.freed, IndexOf(page, slot));
  ++freed_count_;
}

void SlotPool::GiveBack(Page& page, unsigned index) {
  page.origins[index].Store(0, kRelaxed);
  ClearBit(page.used, index);
  ClearBit(page.freed, index);
  --page.used_count;
  --freed_count_;
}

void SlotPool::See(void* pool, uintptr_t pc) {
  auto& self = *static_cast<SlotPool*>(pool);
  self.all_seen_ = self.all_seen_ || machine_detour_text.Overlaps(pc, 1);
  if (Page* page = self.PageOf(pc)) {
    SetBit(page->seen, IndexOf(*page, pc));
  }
}

// All CPUs are stopped, and none of them is in OriginOf.
void SlotPool::Decide(void* pool, bool listed) {
  auto& self = *static_cast<SlotPool*>(pool);
  const bool known = listed && !self.all_seen_;
  self.all_seen_ = false;
  Atomic<Page*>* link = &self.pages_;
  while (Page* page = link->Load(kRelaxed)) {
    for (unsigned i = 0; i < kSlotsPerPage; ++i) {
      const bool is_masked = page->origins[i].Load(kRelaxed) == 0;
      if (HasBit(page->freed, i) &&
          (is_masked || (known && !HasBit(page->seen, i)))) {
        self.GiveBack(*page, i);
      }
      ClearBit(page->seen, i);
    }
    if (page->used_count != 0) {
      link = &page->next;
      continue;
    }
    link->Store(page->next.Load(kRelaxed), kRelaxed);
    page->next.Store(self.empty_pages_, kRelaxed);
    self.empty_pages_ = page;
  }
}

Status SlotPool::Quiesce(Allocator& allocator) {
  EBPF_TRY(InspectText({See, Decide, this}));
  while (Page* page = empty_pages_) {
    empty_pages_ = page->next.Load(kRelaxed);
    ebpf_port_exec_free(reinterpret_cast<void*>(page->address), kPageSize);
    allocator.Delete(page);
  }
  return Status::kOk;
}

}  // namespace ebpf
