// SPDX-License-Identifier: MIT
//
// Making written instructions the ones that this CPU executes.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::aarch64 {

/// Drops what this CPU has prefetched. [arm/arm: ISB] Context: any.
inline void SyncInsnStream() { asm volatile("isb" ::: "memory"); }

/// After writing [address, address + size), the address being the executable
/// mapping's: cleans the data cache to where instructions are fetched from and
/// invalidates the instruction caches of all CPUs in the inner shareable
/// domain. The other CPUs still need SyncInsnStream.
/// [arm/arm: Ordering of instruction fetches; CTR_EL0] Context: any.
inline void FlushInsnCache(uintptr_t address, size_t size) {
  uint64_t type;
  asm volatile("mrs %0, ctr_el0" : "=r"(type));
  const uintptr_t data_line = uintptr_t{4} << (type >> 16 & 15);
  const uintptr_t insn_line = uintptr_t{4} << (type & 15);
  const uintptr_t end = address + size;
  for (uintptr_t at = address & ~(data_line - 1); at < end; at += data_line) {
    asm volatile("dc cvau, %0" : : "r"(at) : "memory");
  }
  asm volatile("dsb ish" ::: "memory");
  for (uintptr_t at = address & ~(insn_line - 1); at < end; at += insn_line) {
    asm volatile("ic ivau, %0" : : "r"(at) : "memory");
  }
  asm volatile("dsb ish" ::: "memory");
  SyncInsnStream();
}

}  // namespace ebpf::aarch64
