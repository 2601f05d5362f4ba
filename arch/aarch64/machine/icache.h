// SPDX-License-Identifier: MIT
//
// Making written instructions the ones that this CPU executes.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

/// Writes the data cache's lines of [address, address + size) back to where
/// instructions are fetched from. [arm/arm: DC CVAU] Context: any.
[[gnu::visibility("hidden")]] void ebpf_clean_data(uintptr_t address,
                                                   size_t size);

/// Drops them from the instruction caches of all CPUs in the inner shareable
/// domain. [arm/arm: IC IVAU] Context: any.
[[gnu::visibility("hidden")]] void ebpf_invalidate_insns(uintptr_t address,
                                                         size_t size);

/// Drops what this CPU has prefetched. [arm/arm: ISB] Context: any.
[[gnu::visibility("hidden")]] void ebpf_sync_insn_stream(void);

}  // extern "C"

namespace ebpf::aarch64 {

/// Drops what this CPU has prefetched. Context: any.
inline void SyncInsnStream() { ebpf_sync_insn_stream(); }

/// After writing [address, address + size), the address being the executable
/// mapping's: all that is needed for all CPUs, but that the others still need
/// SyncInsnStream. [arm/arm: Ordering of instruction fetches; CTR_EL0]
/// Context: any.
inline void FlushInsnCache(uintptr_t address, size_t size) {
  ebpf_clean_data(address, size);
  ebpf_invalidate_insns(address, size);
  ebpf_sync_insn_stream();
}

}  // namespace ebpf::aarch64
