// SPDX-License-Identifier: MIT
//
// The interrupt flag, without a call into the kernel: what a trap runs before
// the guard against nested probes must not be probed itself.
#pragma once

#include <stdint.h>

namespace ebpf::dragonos {

/// Code that a breakpoint may not stand on: core/platform/text.h tells why.
#define EBPF_DRAGONOS_NOPROBE __attribute__((section(".ebpf.noprobe")))

inline constexpr uintptr_t kInterruptFlag = 1u << 9;

/// Masks interrupts; nonzero if they were on. Context: any.
[[gnu::always_inline]] inline uintptr_t MaskInterrupts() {
  uintptr_t flags;
  asm volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
  return flags & kInterruptFlag;
}

/// Undoes the MaskInterrupts that returned `state`. Context: any.
[[gnu::always_inline]] inline void RestoreInterrupts(uintptr_t state) {
  if (state != 0) {
    asm volatile("sti" : : : "memory");
  }
}

[[gnu::always_inline]] inline bool InterruptsMasked() {
  uintptr_t flags;
  asm volatile("pushfq; popq %0" : "=r"(flags) : : "memory");
  return (flags & kInterruptFlag) == 0;
}

[[gnu::always_inline]] inline void Relax() {
  asm volatile("pause" : : : "memory");
}

}  // namespace ebpf::dragonos
