// SPDX-License-Identifier: MIT
//
// Two levels: runs of pages, first fit over one byte per page; and small
// blocks of eight sizes, each page holding one size. Free blocks and the room
// behind allocated ones are filled with a pattern that is checked later.
#include "testing/guest/kernel/memory.h"

#include "core/base/bits.h"
#include "core/base/memory.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/spin_lock.h"

namespace guest {
namespace {

constexpr size_t kSmallest = 16;
constexpr size_t kLargestSmall = 2048;
constexpr size_t kClasses = 8;  // 16, 32, ... 2048
constexpr uint8_t kFreePattern = 0xd5;
constexpr uint8_t kRedZone = 0xe7;

// What a page is, one byte each.
enum PageUse : uint8_t {
  kFreePage,
  kRunHead,
  kRunTail,
  kBlocks,  // + class
};

struct FreeBlock {
  FreeBlock* next;
};

struct State {
  uintptr_t begin = 0;
  size_t page_count = 0;
  uint8_t* use = nullptr;
  size_t search_from = 0;
  FreeBlock* free[kClasses] = {};
  MemoryBalance balance = {};
  uint64_t fail_in = 0;
  bool failed = false;
};

constinit State state = {};
constinit SpinLock lock;

size_t ClassOf(size_t size) {
  const uint64_t rounded =
      ebpf::RoundUpToPowerOfTwo(ebpf::Max(size, kSmallest));
  return ebpf::BitWidth(rounded) - ebpf::BitWidth(kSmallest);
}

size_t ClassSize(size_t index) { return kSmallest << index; }

size_t PagesOf(size_t size) { return (size + kPageSize - 1) / kPageSize; }

void CheckPattern(const uint8_t* bytes, size_t size, uint8_t pattern,
                  const char* why) {
  for (size_t i = 0; i < size; ++i) {
    if (bytes[i] != pattern) {
      Panic(why);
    }
  }
}

uint8_t* PageAt(size_t index) {
  return reinterpret_cast<uint8_t*>(state.begin + index * kPageSize);
}

bool IsAligned(size_t index, size_t align) {
  return reinterpret_cast<uintptr_t>(PageAt(index)) % (align * kPageSize) == 0;
}

/// Index of a free run of `count` pages, marked as taken; page_count if none.
size_t TakeRun(size_t count, size_t align, uint8_t head) {
  for (int pass = 0; pass < 2; ++pass) {
    size_t run = 0;
    for (size_t i = pass == 0 ? state.search_from : 0; i < state.page_count;
         ++i) {
      const bool usable =
          state.use[i] == kFreePage && (run != 0 || IsAligned(i, align));
      run = usable ? run + 1 : 0;
      if (run < count) {
        continue;
      }
      const size_t first = i + 1 - count;
      state.use[first] = head;
      ebpf::FillBytes(state.use + first + 1, kRunTail, count - 1);
      state.search_from = i + 1;
      return first;
    }
  }
  return state.page_count;
}

size_t IndexOf(const void* memory) {
  const uintptr_t offset = reinterpret_cast<uintptr_t>(memory) - state.begin;
  if (offset / kPageSize >= state.page_count) {
    Panic("freed memory that is not from the allocator");
  }
  return offset / kPageSize;
}

bool MustFail() {
  if (state.fail_in == 0 || --state.fail_in != 0) {
    return false;
  }
  state.failed = true;
  return true;
}

/// Cuts a new page into free blocks of a class.
bool Refill(size_t index) {
  const size_t page = TakeRun(1, 1, static_cast<uint8_t>(kBlocks + index));
  if (page == state.page_count) {
    return false;
  }
  ebpf::FillBytes(PageAt(page), kFreePattern, kPageSize);
  for (size_t at = 0; at < kPageSize; at += ClassSize(index)) {
    auto* block = reinterpret_cast<FreeBlock*>(PageAt(page) + at);
    block->next = state.free[index];
    state.free[index] = block;
  }
  return true;
}

void* AllocateSmall(size_t size, size_t index) {
  if (state.free[index] == nullptr && !Refill(index)) {
    return nullptr;
  }
  FreeBlock* block = state.free[index];
  state.free[index] = block->next;
  auto* bytes = reinterpret_cast<uint8_t*>(block);
  CheckPattern(bytes + sizeof(FreeBlock), ClassSize(index) - sizeof(FreeBlock),
               kFreePattern, "a freed block was written");
  ebpf::FillBytes(bytes, 0, size);
  ebpf::FillBytes(bytes + size, kRedZone, ClassSize(index) - size);
  return bytes;
}

void FreeSmall(uint8_t* bytes, size_t size, size_t index) {
  if (state.use[IndexOf(bytes)] != kBlocks + index) {
    Panic("freed with another size than allocated");
  }
  CheckPattern(bytes + size, ClassSize(index) - size, kRedZone,
               "written past the end of a block, or freed twice");
  ebpf::FillBytes(bytes, kFreePattern, ClassSize(index));
  auto* block = reinterpret_cast<FreeBlock*>(bytes);
  block->next = state.free[index];
  state.free[index] = block;
}

size_t RunLength(size_t first) {
  size_t count = 1;
  while (first + count < state.page_count &&
         state.use[first + count] == kRunTail) {
    ++count;
  }
  return count;
}

void FreeRun(void* memory, size_t count) {
  const size_t first = IndexOf(memory);
  if (PageAt(first) != memory || state.use[first] != kRunHead ||
      RunLength(first) != count) {
    Panic("freed pages that are not allocated as such");
  }
  ebpf::FillBytes(memory, kFreePattern, count * kPageSize);
  ebpf::FillBytes(state.use + first, kFreePage, count);
  state.search_from = ebpf::Min(state.search_from, first);
}

/// One byte of a block of exactly its class's size has no red zone: such a
/// block gets the next class, so that every small block has one.
size_t ClassFor(size_t size, size_t align) {
  return ClassOf(ebpf::Max(size + 1, align));
}

bool IsSmall(size_t size, size_t align) {
  return size < kLargestSmall && align <= kLargestSmall;
}

}  // namespace

void InitMemory(machine::RamRange ram) {
  state.begin = ebpf::AlignUp(ram.begin, uintptr_t{kPageSize});
  state.page_count = (ram.end - state.begin) / kPageSize;
  state.use = PageAt(0);
  const size_t own = PagesOf(state.page_count);
  ebpf::FillBytes(state.use, kFreePage, state.page_count);
  state.use[0] = kRunHead;
  ebpf::FillBytes(state.use + 1, kRunTail, own - 1);
}

void* AllocatePages(size_t count, size_t align) {
  if (count == 0) {
    return nullptr;
  }
  size_t first = 0;
  {
    SpinLockGuard guard(lock);
    if (MustFail()) {
      return nullptr;
    }
    first = TakeRun(count, align, kRunHead);
    if (first == state.page_count) {
      return nullptr;
    }
    state.balance.bytes += count * kPageSize;
    ++state.balance.blocks;
  }
  ebpf::FillBytes(PageAt(first), 0, count * kPageSize);
  return PageAt(first);
}

void FreePages(void* memory, size_t count) {
  SpinLockGuard guard(lock);
  FreeRun(memory, count);
  state.balance.bytes -= count * kPageSize;
  --state.balance.blocks;
}

void* Allocate(size_t size, size_t align) {
  if (size == 0 || !ebpf::IsPowerOfTwo(align) || align > kPageSize ||
      size > state.page_count * kPageSize) {
    return nullptr;
  }
  if (!IsSmall(size, align)) {
    return AllocatePages(PagesOf(size));
  }
  SpinLockGuard guard(lock);
  void* memory =
      MustFail() ? nullptr : AllocateSmall(size, ClassFor(size, align));
  if (memory != nullptr) {
    state.balance.bytes += size;
    ++state.balance.blocks;
  }
  return memory;
}

void Free(void* memory, size_t size, size_t align) {
  if (memory == nullptr) {
    return;
  }
  if (!IsSmall(size, align)) {
    FreePages(memory, PagesOf(size));
    return;
  }
  SpinLockGuard guard(lock);
  FreeSmall(static_cast<uint8_t*>(memory), size, ClassFor(size, align));
  state.balance.bytes -= size;
  --state.balance.blocks;
}

MemoryBalance Balance() {
  SpinLockGuard guard(lock);
  return state.balance;
}

void FailAllocation(uint64_t nth) {
  SpinLockGuard guard(lock);
  state.fail_in = nth;
  state.failed = false;
}

bool AllocationFailed() {
  SpinLockGuard guard(lock);
  return state.failed;
}

}  // namespace guest
