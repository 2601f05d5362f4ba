// SPDX-License-Identifier: MIT
//
// Executable memory on Alien: from the pool in the kernel's text, or, where
// that is too small, address ranges above RAM, mapped read-execute. The kernel
// never takes such a range back, so this file uses them again.
#include "ports/alien/exec_memory.h"

#include "arch/riscv64/machine/system_registers.h"
#include "core/platform/text.h"
#include "ports/alien/exec_pool.h"
#include "ports/alien/kernel.h"
#include "ports/alien/text_alias.h"

extern "C" {
[[gnu::visibility("hidden")]] extern const uint8_t EbpfAlienExecPool[];
}

namespace {

constexpr size_t kPageSize = 4096;
constexpr size_t kMostBytes = size_t{16} << 20;
constexpr uint32_t kFlags = ALIEN_MAP_VALID | ALIEN_MAP_READ |
                            ALIEN_MAP_EXECUTE | ALIEN_MAP_ACCESSED |
                            ALIEN_MAP_DIRTY;

struct Range {
  uintptr_t begin = 0;
  size_t capacity = 0;  // 0: this entry has no range yet
  size_t mapped = 0;    // 0: nobody has it
};

/// Changed in task context only; tasks do not preempt each other in the kernel.
constinit Range ranges[128] = {};

/// A free entry with at least `size` bytes of addresses; null if there is none.
Range* TakeRange(size_t size) {
  Range* fresh = nullptr;
  for (Range& range : ranges) {
    if (range.capacity == 0) {
      fresh = &range;
      break;
    }
    if (range.mapped == 0 && range.capacity >= size) {
      return &range;
    }
  }
  if (fresh != nullptr) {
    fresh->begin = alien_alloc_kernel_free_region(size);
    fresh->capacity = size;
  }
  return fresh;
}

void FlushRange(const Range& range, size_t size) {
  for (size_t page = 0; page < size; page += kPageSize) {
    ebpf::riscv64::FlushTranslation(range.begin + page);
  }
}

}  // namespace

namespace ebpf::alien {

constinit ExecPool exec_pool(EbpfAlienExecPool);

bool IsExecMemory(uintptr_t address, size_t size) {
  if (exec_pool.Touches(address, size)) {
    return exec_pool.IsTaken(address, size);
  }
  for (const Range& range : ranges) {
    if (address >= range.begin && size <= range.mapped &&
        address - range.begin <= range.mapped - size) {
      return true;
    }
  }
  return false;
}

}  // namespace ebpf::alien

extern "C" {

void* ebpf_port_exec_alloc(size_t size, uintptr_t near, uint64_t reach) {
  if (size == 0 || size > kMostBytes) {
    return nullptr;
  }
  if (void* memory = ebpf::alien::exec_pool.Take(size, near, reach)) {
    return memory;
  }
  const size_t rounded = (size + kPageSize - 1) & ~(kPageSize - 1);
  Range* range = TakeRange(rounded);
  if (range == nullptr ||
      !ebpf::ExecPool::IsNear(range->begin, size, near, reach) ||
      !alien_map_region_no_target(range->begin, rounded, kFlags)) {
    return nullptr;
  }
  range->mapped = rounded;
  FlushRange(*range, rounded);
  // Nobody has cleared the frames behind it.
  ebpf::alien::FillWithBreakpoints(range->begin, rounded);
  return reinterpret_cast<void*>(range->begin);
}

void ebpf_port_exec_free(void* memory, size_t size) {
  const auto begin = reinterpret_cast<uintptr_t>(memory);
  if (ebpf::alien::exec_pool.Touches(begin, size)) {
    // Who runs there after all shall trap.
    ebpf::alien::FillWithBreakpoints(begin, (size + 63) & ~size_t{63});
    ebpf::alien::exec_pool.Give(begin, size);
    return;
  }
  for (Range& range : ranges) {
    if (range.mapped != 0 && range.begin == begin) {
      const size_t mapped = range.mapped;
      range.mapped = 0;
      alien_unmap_region(begin, mapped);
      FlushRange(range, mapped);
      return;
    }
  }
}

}  // extern "C"
