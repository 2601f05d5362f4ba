// SPDX-License-Identifier: MIT
//
// core/probes/slot_pool.h's implementation.
#include "core/probes/slot_pool.h"

#include "core/platform/text.h"

namespace ebpf {

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
  page->next = pages_;
  pages_ = page;
  return page;
}

Result<uint64_t> SlotPool::Allocate(Allocator& allocator, uint64_t near,
                                    uint64_t reach) {
  Page* page = pages_;
  while (page != nullptr &&
         (page->used_count == kSlotsPerPage || !InReach(*page, near, reach))) {
    page = page->next;
  }
  if (page == nullptr) {
    page = EBPF_TRY(AddPage(allocator, near, reach));
  }
  unsigned word = 0;
  while (page->used[word] == ~uint64_t{0}) {
    ++word;
  }
  const auto bit = static_cast<unsigned>(__builtin_ctzll(~page->used[word]));
  page->used[word] |= uint64_t{1} << bit;
  ++page->used_count;
  return page->address + (word * 64 + bit) * machine::kMaxSlotSize;
}

void SlotPool::Free(uint64_t slot) {
  Page* page = pages_;
  while (slot - page->address >= kPageSize) {
    page = page->next;
  }
  const uint64_t index = (slot - page->address) / machine::kMaxSlotSize;
  page->used[index / 64] &= ~(uint64_t{1} << index % 64);
  --page->used_count;
}

bool SlotPool::Shrink(Allocator& allocator) {
  Page** link = &pages_;
  while (Page* page = *link) {
    if (page->used_count != 0) {
      link = &page->next;
      continue;
    }
    *link = page->next;
    ebpf_port_exec_free(reinterpret_cast<void*>(page->address), kPageSize);
    allocator.Delete(page);
  }
  return pages_ == nullptr;
}

}  // namespace ebpf
