// SPDX-License-Identifier: MIT
//
// The flag by which RISC-V takes interrupts, and waiting: the facade `machine/`
// of core/decisions/0007-selftest.md, of which the build chooses one. Used in
// place and not asked of a kernel, so that a trap calls nothing that can be
// probed. [riscv/priv: sstatus]
#pragma once

#include <stdint.h>

namespace ebpf::machine {

/// Of this hart, in a kernel in supervisor mode: sstatus.SIE. Context of all:
/// any.
__attribute__((always_inline)) inline bool InterruptsMasked() {
  constexpr uint64_t kSie = 1 << 1;
  uint64_t sstatus;
  __asm__ volatile("csrr %0, sstatus" : "=r"(sstatus) : : "memory");
  return (sstatus & kSie) == 0;
}

/// Masks interrupts; how they were, for RestoreInterrupts.
__attribute__((always_inline)) inline uintptr_t MaskInterrupts() {
  constexpr uintptr_t kSie = 1 << 1;
  uintptr_t before;
  __asm__ volatile("csrrci %0, sstatus, 2" : "=r"(before) : : "memory");
  return before & kSie;
}

/// Undoes the MaskInterrupts that returned `state`.
__attribute__((always_inline)) inline void RestoreInterrupts(uintptr_t state) {
  __asm__ volatile("csrs sstatus, %0" : : "r"(state) : "memory");
}

/// For loops that wait for another CPU.
__attribute__((always_inline)) inline void Relax() {
  __asm__ volatile("" : : : "memory");
}

}  // namespace ebpf::machine
