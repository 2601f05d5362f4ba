// SPDX-License-Identifier: MIT
//
// The flag by which AArch64 takes interrupts, and waiting: the facade
// `machine/` of core/decisions/0007-selftest.md, of which the build chooses
// one. Used in place and not asked of a kernel, so that a trap calls nothing
// that can be probed. [arm/aarch64: D17, DAIF]
#pragma once

#include <stdint.h>

namespace ebpf::machine {

/// Of this CPU, in a kernel: PSTATE.I. Context of all: any.
__attribute__((always_inline)) inline bool InterruptsMasked() {
  constexpr uint64_t kIrqMask = 1 << 7;
  uint64_t daif;
  __asm__ volatile("mrs %0, daif" : "=r"(daif) : : "memory");
  return (daif & kIrqMask) != 0;
}

/// Masks interrupts and fast interrupts; how they were, for RestoreInterrupts.
__attribute__((always_inline)) inline uintptr_t MaskInterrupts() {
  uint64_t before;
  __asm__ volatile("mrs %0, daif\n\tmsr daifset, #3"
                   : "=r"(before)
                   :
                   : "memory");
  return before;
}

/// Undoes the MaskInterrupts that returned `state`.
__attribute__((always_inline)) inline void RestoreInterrupts(uintptr_t state) {
  __asm__ volatile("msr daif, %0" : : "r"(state) : "memory");
}

/// For loops that wait for another CPU.
__attribute__((always_inline)) inline void Relax() {
  __asm__ volatile("yield" : : : "memory");
}

}  // namespace ebpf::machine
