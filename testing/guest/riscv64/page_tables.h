// SPDX-License-Identifier: MIT
//
// The kernel's tables: what starts another hart on them, and machine::Map() and
// machine::Unmap() without their flush of this CPU's TLB, for a personality
// whose kernel leaves that to its callers.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace guest::riscv64 {

/// What satp holds.
uintptr_t KernelSatp();

bool MapUnflushed(uintptr_t virt, uintptr_t phys, size_t size,
                  uint32_t protection, size_t leaf);
void UnmapUnflushed(uintptr_t virt, size_t size);

}  // namespace guest::riscv64
