// SPDX-License-Identifier: MIT
//
// core/platform/exec_pool.h's implementation.
#include "core/platform/exec_pool.h"

namespace ebpf {
namespace {

constexpr size_t kPageSize = 4096;

}  // namespace

bool ExecPool::IsNear(uintptr_t begin, size_t size, uintptr_t near,
                      uint64_t reach) {
  const uintptr_t last = begin + size - 1;
  const uint64_t below = near > begin ? near - begin : 0;
  const uint64_t above = last > near ? last - near : 0;
  return below < reach && above < reach;
}

void ExecPool::Mark(size_t first, size_t count, bool is_taken) {
  for (size_t i = first; i < first + count; ++i) {
    taken_[i] = is_taken;
  }
}

void* ExecPool::Take(size_t size, uintptr_t near, uint64_t reach) {
  const size_t count = (size + kGranule - 1) / kGranule;
  size_t run = 0;
  for (size_t i = 0; i < kGranuleCount; ++i) {
    run = taken_[i] ? 0 : run + 1;
    if (run < count) {
      continue;
    }
    const size_t first = i + 1 - run;
    const uintptr_t at = begin() + first * kGranule;
    const bool may_begin = size % kPageSize != 0 || at % kPageSize == 0;
    if (may_begin && IsNear(at, size, near, reach)) {
      Mark(first, count, true);
      return reinterpret_cast<void*>(at);
    }
    --run;  // the next one begins a granule further
  }
  return nullptr;
}

void ExecPool::Give(uintptr_t begin, size_t size) {
  Mark((begin - this->begin()) / kGranule, (size + kGranule - 1) / kGranule,
       false);
}

bool ExecPool::IsTaken(uintptr_t address, size_t size) const {
  if (address < begin() || address >= begin() + kSize || size == 0 ||
      size > begin() + kSize - address) {
    return false;
  }
  const size_t first = (address - begin()) / kGranule;
  const size_t last = (address + size - 1 - begin()) / kGranule;
  for (size_t i = first; i <= last; ++i) {
    if (!taken_[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace ebpf
