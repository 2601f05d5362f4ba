// SPDX-License-Identifier: MIT
//
// Making written instructions the ones that this CPU executes.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

/// Drops what this CPU has prefetched: CPUID, a serialising instruction.
/// [intel/vol3: Handling Self- and Cross-Modifying Code] Context: any.
[[gnu::visibility("hidden")]] void ebpf_sync_insn_stream(void);

}  // extern "C"

namespace ebpf::x86_64 {

/// After writing [address, address + size): the caches of x86 are coherent,
/// also for what was written through another mapping. Context: any.
inline void FlushInsnCache(uintptr_t /*address*/, size_t /*size*/) {
  asm volatile("" ::: "memory");
}

/// Drops what this CPU has prefetched. Context: any.
inline void SyncInsnStream() { ebpf_sync_insn_stream(); }

}  // namespace ebpf::x86_64
