// SPDX-License-Identifier: MIT
//
// The interrupt flag, without a call into the kernel: what a trap runs before
// the guard against nested probes must not be probed itself.
#pragma once

#include <stdint.h>

#include "core/base/noprobe.h"

namespace ebpf::dragonos {

inline constexpr uintptr_t kInterruptFlag = 1u << 9;

/// Masks interrupts; nonzero if they were on. Context: any.
EBPF_NOPROBE_INLINE uintptr_t MaskInterrupts() {
  uintptr_t flags;
  asm volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
  return flags & kInterruptFlag;
}

/// Undoes the MaskInterrupts that returned `state`. Context: any.
EBPF_NOPROBE_INLINE void RestoreInterrupts(uintptr_t state) {
  if (state != 0) {
    asm volatile("sti" : : : "memory");
  }
}

EBPF_NOPROBE_INLINE bool InterruptsMasked() {
  uintptr_t flags;
  asm volatile("pushfq; popq %0" : "=r"(flags) : : "memory");
  return (flags & kInterruptFlag) == 0;
}

EBPF_NOPROBE_INLINE void Relax() { asm volatile("pause" : : : "memory"); }

}  // namespace ebpf::dragonos
