// SPDX-License-Identifier: MIT
//
// Reading and writing memory that may not be there, for ports with a page-fault
// hook.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

/// Copies `size` bytes; false when a load or a store faulted, with what came
/// before it copied. Only right where the port's fault hook calls NofaultFixup.
/// Context: any.
[[nodiscard]] bool ebpf_copy_nofault(void* to, uintptr_t from, size_t size);

/// Its loads and stores, of 8 bytes and of 1, and where it goes on if one
/// faults.
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_copy_nofault_load8[];
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_copy_nofault_load1[];
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_copy_nofault_store8[];
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_copy_nofault_store1[];
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_copy_nofault_fault[];

}  // extern "C"

namespace ebpf::riscv64 {

/// For the port's fault hook: if `pc`, where the fault happened, is a
/// load or store of ebpf_copy_nofault, sets it to where that goes on, and
/// returns true; the other registers stay as they are. Context: any.
inline bool NofaultFixup(uint64_t& pc) {
  if (pc != reinterpret_cast<uintptr_t>(ebpf_copy_nofault_load8) &&
      pc != reinterpret_cast<uintptr_t>(ebpf_copy_nofault_load1) &&
      pc != reinterpret_cast<uintptr_t>(ebpf_copy_nofault_store8) &&
      pc != reinterpret_cast<uintptr_t>(ebpf_copy_nofault_store1)) {
    return false;
  }
  pc = reinterpret_cast<uintptr_t>(ebpf_copy_nofault_fault);
  return true;
}

}  // namespace ebpf::riscv64
