// SPDX-License-Identifier: MIT
//
// Making written instructions the ones that this CPU executes.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::x86_64 {

/// After writing [address, address + size): the caches of x86 are coherent,
/// also for what was written through another mapping. Context: any.
inline void FlushInsnCache(uintptr_t /*address*/, size_t /*size*/) {
  asm volatile("" ::: "memory");
}

/// Drops what this CPU has prefetched: a serialising instruction.
/// [intel/vol3: Handling Self- and Cross-Modifying Code] Context: any.
inline void SyncInsnStream() {
  uint32_t eax = 0;
  uint32_t ecx = 0;
  asm volatile("cpuid" : "+a"(eax), "+c"(ecx) : : "ebx", "edx", "memory");
}

}  // namespace ebpf::x86_64
