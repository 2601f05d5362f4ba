// SPDX-License-Identifier: MIT
//
// Memory of the guest kernel, with a balance that shows what was not freed.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "testing/guest/kernel/machine.h"

namespace guest {

/// Takes over the free RAM. Called once, before all else here.
void InitMemory(machine::RamRange ram);

/// `size` zeroed bytes at a multiple of `align`, a power of two of at most a
/// page; null if there are none. Context: task or irq.
[[nodiscard]] void* Allocate(size_t size, size_t align);

/// Gives back what Allocate() returned for the same `size` and `align`. Panics
/// if they differ, if bytes past the end were written, or if it is free.
void Free(void* memory, size_t size, size_t align);

/// `count` pages in a row, zeroed, the first at a multiple of `align` pages (a
/// power of two); null if there are none.
[[nodiscard]] void* AllocatePages(size_t count, size_t align = 1);
void FreePages(void* memory, size_t count);

/// What is allocated now; the memory that threads have is in it.
struct MemoryBalance {
  uint64_t bytes;
  uint64_t blocks;
  friend bool operator==(const MemoryBalance&, const MemoryBalance&) = default;
};
MemoryBalance Balance();

/// The `nth` allocation from now on (1 is the next) fails, once; 0: none.
void FailAllocation(uint64_t nth);
/// Whether that has happened.
bool AllocationFailed();

}  // namespace guest
