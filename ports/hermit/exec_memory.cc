// SPDX-License-Identifier: MIT
//
// ebpf_port_exec_alloc on Hermit: pieces of the pool that is part of the image,
// and so near to all kernel text.
#include "ports/hermit/exec_memory.h"

#include "core/platform/cpu.h"
#include "core/platform/text.h"

extern "C" {
extern const uint8_t EbpfHermitExecPool[];
extern const uint8_t EbpfHermitExecPoolEnd[];
}

namespace ebpf::hermit {
namespace {

constexpr size_t kPoolSize = 512 << 10;
constexpr size_t kGranule = 64;
constexpr size_t kGranuleCount = kPoolSize / kGranule;

/// Changed with interrupts masked on Hermit's one CPU.
constinit bool taken[kGranuleCount] = {};

uintptr_t PoolBegin() {
  return reinterpret_cast<uintptr_t>(EbpfHermitExecPool);
}
uintptr_t PoolEnd() {
  return reinterpret_cast<uintptr_t>(EbpfHermitExecPoolEnd);
}

size_t GranulesOf(size_t size) { return (size + kGranule - 1) / kGranule; }

void Mark(size_t first, size_t count, bool value) {
  for (size_t i = first; i < first + count; ++i) {
    taken[i] = value;
  }
}

/// Pages are found by their addresses: they begin where pages do.
bool MayBegin(size_t granule, size_t size) {
  constexpr size_t kPageSize = 4096;
  return size % kPageSize != 0 || granule * kGranule % kPageSize == 0;
}

/// The first of free granules in a row for `size` bytes, which are taken then;
/// kGranuleCount if there are none.
size_t TakeGranules(size_t size) {
  const size_t count = GranulesOf(size);
  size_t run = 0;
  for (size_t i = 0; i < kGranuleCount; ++i) {
    run = taken[i] ? 0 : run + 1;
    const size_t first = i + 1 - run;
    if (run < count) {
      continue;
    }
    if (MayBegin(first, size)) {
      Mark(first, count, true);
      return first;
    }
    --run;  // the next one begins a granule further
  }
  return kGranuleCount;
}

bool IsWithin(uintptr_t begin, size_t size, uintptr_t near, uint64_t reach) {
  const uintptr_t last = begin + size - 1;
  const uint64_t below = near > begin ? near - begin : 0;
  const uint64_t above = last > near ? last - near : 0;
  return below < reach && above < reach;
}

}  // namespace

bool TouchesExecPool(uintptr_t address, size_t size) {
  return address < PoolEnd() && PoolBegin() < address + size;
}

bool IsExecMemory(uintptr_t address, size_t size) {
  if (address < PoolBegin() || address >= PoolEnd() || size == 0 ||
      size > PoolEnd() - address) {
    return false;
  }
  const size_t first = (address - PoolBegin()) / kGranule;
  const size_t last = (address + size - 1 - PoolBegin()) / kGranule;
  for (size_t i = first; i <= last; ++i) {
    if (!taken[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace ebpf::hermit

extern "C" {

void* ebpf_port_exec_alloc(size_t size, uintptr_t near, uint64_t reach) {
  using namespace ebpf::hermit;
  // All of the pool or none of it: it is small beside any reach.
  if (size == 0 || size > kPoolSize ||
      !IsWithin(PoolBegin(), kPoolSize, near, reach)) {
    return nullptr;
  }
  const uintptr_t interrupts = ebpf_port_irq_save();
  const size_t first = TakeGranules(size);
  ebpf_port_irq_restore(interrupts);
  if (first == kGranuleCount) {
    return nullptr;
  }
  return reinterpret_cast<void*>(PoolBegin() + first * kGranule);
}

void ebpf_port_exec_free(void* memory, size_t size) {
  using namespace ebpf::hermit;
  if (memory == nullptr) {
    return;
  }
  const auto offset = reinterpret_cast<uintptr_t>(memory) - PoolBegin();
  const uintptr_t interrupts = ebpf_port_irq_save();
  Mark(offset / kGranule, GranulesOf(size), false);
  ebpf_port_irq_restore(interrupts);
}

}  // extern "C"
