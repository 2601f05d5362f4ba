// SPDX-License-Identifier: MIT
//
// core/memory/counted_allocator.h's implementation.
#include "core/memory/counted_allocator.h"

namespace ebpf {

Result<CountedAllocator*> CountedAllocator::Create(Allocator& parent) {
  return parent.New<CountedAllocator>(parent);
}

void* CountedAllocator::Allocate(size_t size, size_t align) {
  return Counted(parent_.Allocate(size, align), size);
}

void CountedAllocator::Free(void* memory, size_t size, size_t align) {
  parent_.Free(memory, size, align);
  Subtract(size);
}

void* CountedAllocator::AllocateMappable(size_t size) {
  return Counted(parent_.AllocateMappable(size), size);
}

void CountedAllocator::FreeMappable(void* memory, size_t size) {
  parent_.FreeMappable(memory, size);
  Subtract(size);
}

void* CountedAllocator::Counted(void* memory, size_t size) {
  if (memory != nullptr) {
    state_.FetchAdd(size, kRelaxed);
  }
  return memory;
}

void CountedAllocator::Subtract(uint64_t amount) {
  // Releases what this one did with it; the last one acquires what all did.
  if (state_.FetchSub(amount, kAcqRel) == amount) {
    Allocator& parent = parent_;
    parent.Delete(this);
  }
}

}  // namespace ebpf
