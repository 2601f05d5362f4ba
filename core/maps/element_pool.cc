// SPDX-License-Identifier: MIT
//
// core/maps/element_pool.h's implementation.
#include "core/maps/element_pool.h"

#include "core/platform/cpu.h"

namespace ebpf {
namespace {

constexpr uint64_t kCounterStep = uint64_t{1} << 32;

constexpr uint64_t NextHead(uint64_t head, uint32_t number_plus_one) {
  return ((head & ~(kCounterStep - 1)) + kCounterStep) | number_plus_one;
}

}  // namespace

Status ElementPool::Init(uint64_t count, size_t element_size) {
  if (count >= UINT32_MAX) {
    return Status::kNoMemory;  // numbers are 32 bits, 0 is none
  }
  count_ = static_cast<uint32_t>(count);
  EBPF_TRY(free_.Allocate(allocator_));
  EBPF_TRY(elements_.Init(1, count, element_size));
  // Backwards, so that each CPU gets its elements in the order of addresses.
  uint32_t number = count_;
  for (uint32_t cpu = ebpf_port_cpu_count(); cpu-- > 0;) {
    for (const uint32_t first = FirstOf(cpu); number > first;) {
      --number;
      PoolElement* element = At(number);
      element->number = number;
      Push(free_.Of(cpu), element);
    }
  }
  return Status::kOk;
}

uint32_t ElementPool::FirstOf(uint32_t cpu) const {
  const uint32_t cpus = ebpf_port_cpu_count();
  return static_cast<uint32_t>((uint64_t{count_} * cpu + cpus - 1) / cpus);
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
