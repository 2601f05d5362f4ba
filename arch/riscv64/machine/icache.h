// SPDX-License-Identifier: MIT
//
// Making written instructions the ones that this CPU executes.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

/// Makes this hart fetch what it can see as data: FENCE.I. [riscv/unpriv:
/// Zifencei] Context: any.
[[gnu::visibility("hidden")]] void ebpf_sync_insn_stream(void);

}  // extern "C"

namespace ebpf::riscv64 {

/// Makes this hart fetch what it can see as data. Context: any.
inline void SyncInsnStream() { ebpf_sync_insn_stream(); }

/// After writing [address, address + size). The other harts each need
/// SyncInsnStream: fence.i reaches the hart that executes it only.
/// Context: any.
inline void FlushInsnCache(uintptr_t /*address*/, size_t /*size*/) {
  ebpf_sync_insn_stream();
}

}  // namespace ebpf::riscv64
