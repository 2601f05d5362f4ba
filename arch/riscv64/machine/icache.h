// SPDX-License-Identifier: MIT
//
// Making written instructions the ones that this CPU executes.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::riscv64 {

/// Makes this hart fetch what it can see as data. [riscv/unpriv: Zifencei]
/// Context: any.
inline void SyncInsnStream() { asm volatile("fence.i" ::: "memory"); }

/// After writing [address, address + size). The other harts each need
/// SyncInsnStream: fence.i reaches the hart that executes it only.
/// Context: any.
inline void FlushInsnCache(uintptr_t /*address*/, size_t /*size*/) {
  SyncInsnStream();
}

}  // namespace ebpf::riscv64
