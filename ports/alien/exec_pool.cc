// SPDX-License-Identifier: MIT
#include "ports/alien/exec_pool.h"

extern "C" {
[[gnu::visibility("hidden")]] extern const uint8_t EbpfAlienExecPool[];
[[gnu::visibility("hidden")]] extern const uint8_t EbpfAlienExecPoolEnd[];
}

namespace ebpf::alien {
namespace {

constexpr size_t kPoolSize = size_t{512} << 10;  // exec_pool.S
constexpr size_t kGranule = 64;
constexpr size_t kGranuleCount = kPoolSize / kGranule;

/// Changed in task context only; tasks do not preempt each other in the kernel.
constinit bool taken[kGranuleCount] = {};

uintptr_t PoolBegin() { return reinterpret_cast<uintptr_t>(EbpfAlienExecPool); }
uintptr_t PoolEnd() {
  return reinterpret_cast<uintptr_t>(EbpfAlienExecPoolEnd);
}

size_t GranulesOf(size_t size) { return (size + kGranule - 1) / kGranule; }

/// Pages are found by their addresses: they begin where pages do.
bool MayBegin(size_t granule, size_t size) {
  constexpr size_t kPageSize = 4096;
  return size % kPageSize != 0 || granule * kGranule % kPageSize == 0;
}

bool IsNear(uintptr_t begin, size_t size, uintptr_t near, uint64_t reach) {
  const uintptr_t last = begin + size - 1;
  const uint64_t below = near > begin ? near - begin : 0;
  const uint64_t above = last > near ? last - near : 0;
  return below < reach && above < reach;
}

}  // namespace

void* TakeFromPool(size_t size, uintptr_t near, uint64_t reach) {
  const size_t count = GranulesOf(size);
  size_t run = 0;
  for (size_t i = 0; i < kGranuleCount; ++i) {
    run = taken[i] ? 0 : run + 1;
    const size_t first = i + 1 - run;
    const uintptr_t begin = PoolBegin() + first * kGranule;
    if (run < count) {
      continue;
    }
    if (!MayBegin(first, size) || !IsNear(begin, size, near, reach)) {
      --run;  // the next one begins a granule further
      continue;
    }
    for (size_t k = first; k <= i; ++k) {
      taken[k] = true;
    }
    return reinterpret_cast<void*>(begin);
  }
  return nullptr;
}

void GiveToPool(uintptr_t begin, size_t size) {
  const size_t first = (begin - PoolBegin()) / kGranule;
  for (size_t i = 0; i < GranulesOf(size); ++i) {
    taken[first + i] = false;
  }
}

bool TouchesPool(uintptr_t address, size_t size) {
  return address < PoolEnd() && PoolBegin() < address + size;
}

bool IsTakenFromPool(uintptr_t address, size_t size) {
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

}  // namespace ebpf::alien
