// SPDX-License-Identifier: MIT
//
// The flag by which x86-64 takes interrupts, and waiting: the facade `machine/`
// of core/decisions/0007-selftest.md, of which the build chooses one. Used in
// place and not asked of a kernel, so that a trap calls nothing that can be
// probed. [intel/vol1: EFLAGS Register]
#pragma once

#include <stdint.h>

namespace ebpf::machine {

/// Of this CPU, in a kernel: RFLAGS.IF. Context of all: any.
__attribute__((always_inline)) inline bool InterruptsMasked() {
  constexpr uint64_t kInterruptFlag = 1 << 9;
  return (__builtin_ia32_readeflags_u64() & kInterruptFlag) == 0;
}

/// Masks interrupts; how they were, for RestoreInterrupts.
__attribute__((always_inline)) inline uintptr_t MaskInterrupts() {
  constexpr uintptr_t kInterruptFlag = 1 << 9;
  uintptr_t flags;
  __asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
  return flags & kInterruptFlag;
}

/// Undoes the MaskInterrupts that returned `state`.
__attribute__((always_inline)) inline void RestoreInterrupts(uintptr_t state) {
  if (state != 0) {
    __asm__ volatile("sti" : : : "memory");
  }
}

/// For loops that wait for another CPU.
__attribute__((always_inline)) inline void Relax() {
  __asm__ volatile("pause" : : : "memory");
}

}  // namespace ebpf::machine
