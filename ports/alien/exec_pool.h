// SPDX-License-Identifier: MIT
//
// Executable memory inside the kernel's text: what holds code is mapped once,
// and not to be written. (Frames from the allocator are writable at their
// physical address for ever: Alien maps RAM in leaves of 2 MiB, whole.)
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::alien {

/// `size` bytes of the pool; null if there is no room, or not within `reach` of
/// `near`. They hold breakpoints. Context: task.
void* TakeFromPool(size_t size, uintptr_t near, uint64_t reach);

/// Gives back what TakeFromPool returned for `size`. Context: task.
void GiveToPool(uintptr_t begin, size_t size);

/// Whether [address, address + size) touches the pool. Context: any.
bool TouchesPool(uintptr_t address, size_t size);

/// Whether it lies in what is taken of it. Context: any.
bool IsTakenFromPool(uintptr_t address, size_t size);

}  // namespace ebpf::alien
