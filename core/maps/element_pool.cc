// SPDX-License-Identifier: MIT
//
// core/maps/element_pool.h's implementation.
#include "core/maps/element_pool.h"

#include "core/base/bits.h"
#include "core/base/construct.h"
#include "core/platform/cpu.h"

namespace ebpf {
namespace {

constexpr uint64_t kCounterStep = uint64_t{1} << 32;

constexpr uint64_t NextHead(uint64_t head, uint32_t number_plus_one) {
  return ((head & ~(kCounterStep - 1)) + kCounterStep) | number_plus_one;
}

}  // namespace

ElementPool::~ElementPool() {
  for (size_t chunk = 0; chunk < chunks_.size(); ++chunk) {
    if (chunks_[chunk] != nullptr) {
      allocator_.Free(chunks_[chunk], ChunkElements(chunk) * element_size_,
                      kCacheLine);
    }
  }
  allocator_.DeleteArray(chunks_);
}

Status ElementPool::Init(uint64_t count, size_t element_size) {
  if (count >= UINT32_MAX) {
    return Status::kNoMemory;  // numbers are 32 bits, 0 is none
  }
  count_ = count;
  element_size_ = element_size;
  const size_t fit = kChunkBytes / element_size;
  chunk_shift_ = fit == 0 ? 0 : BitWidth(fit) - 1;
  per_chunk_ = uint32_t{1} << chunk_shift_;
  EBPF_TRY(free_.Allocate(allocator_));
  const size_t chunk_count =
      static_cast<size_t>((count + per_chunk_ - 1) >> chunk_shift_);
  chunks_ = EBPF_TRY(allocator_.NewArray<uint8_t*>(chunk_count));
  for (size_t chunk = 0; chunk < chunk_count; ++chunk) {
    chunks_[chunk] = static_cast<uint8_t*>(
        allocator_.Allocate(ChunkElements(chunk) * element_size_, kCacheLine));
    if (chunks_[chunk] == nullptr) {
      return Status::kNoMemory;
    }
  }
  // Backwards, so that each CPU gets its elements in the order of addresses.
  const uint32_t cpus = ebpf_port_cpu_count();
  for (uint64_t number = count; number-- > 0;) {
    PoolElement* element = At(static_cast<uint32_t>(number));
    element->number = static_cast<uint32_t>(number);
    Push(free_.Of(static_cast<uint32_t>(number * cpus / count)), element);
  }
  return Status::kOk;
}

PoolElement* ElementPool::Take() {
  const uint32_t cpus = ebpf_port_cpu_count();
  uint32_t cpu = ebpf_port_cpu_id();
  for (uint32_t tries = 0; tries < cpus; ++tries) {
    PoolElement* element = Pop(free_.Of(cpu));
    if (element != nullptr) {
      return element;
    }
    cpu = cpu + 1 == cpus ? 0 : cpu + 1;
  }
  return nullptr;
}

void ElementPool::Give(PoolElement* element) { Push(free_.Mine(), element); }

PoolElement* ElementPool::Pop(FreeList& list) {
  // Acquires: pairs with the exchange in Push, for next_free.
  uint64_t head = list.head.Load(kAcquire);
  for (;;) {
    const uint32_t number_plus_one = static_cast<uint32_t>(head);
    if (number_plus_one == 0) {
      return nullptr;
    }
    PoolElement* element = At(number_plus_one - 1);
    const uint32_t next = element->next_free.Load(kRelaxed);
    // Acquires what who gave the element back did with it before.
    if (list.head.CompareExchange(head, NextHead(head, next), kAcquire)) {
      return element;
    }
  }
}

void ElementPool::Push(FreeList& list, PoolElement* element) {
  uint64_t head = list.head.Load(kRelaxed);
  do {
    element->next_free.Store(static_cast<uint32_t>(head), kRelaxed);
    // Releases the element: pairs with the loads and exchanges in Pop.
  } while (!list.head.CompareExchange(head, NextHead(head, element->number + 1),
                                      kRelease));
}

}  // namespace ebpf
