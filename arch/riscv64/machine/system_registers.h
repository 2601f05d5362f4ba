// SPDX-License-Identifier: MIT
//
// System registers of RISC-V that ports need, and what makes changed page
// tables seen. Used in place and not asked of the kernel, so that a trap calls
// nothing that can be probed. [riscv/priv: stvec, SFENCE.VMA; riscv/unpriv:
// Zicntr]
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::riscv64 {

/// tp, in which many kernels keep the hart's number. Context of all: any.
[[gnu::always_inline]] inline uintptr_t ThreadPointer() {
  uintptr_t tp;
  asm volatile("mv %0, tp" : "=r"(tp));
  return tp;
}

/// Forgets translations of the page at `address`, on this hart.
inline void FlushTranslation(uintptr_t address) {
  asm volatile("sfence.vma %0, zero" : : "r"(address) : "memory");
}

/// Where traps come: stvec, with its mode in the low two bits.
inline uintptr_t ReadVector() {
  uintptr_t vector;
  asm volatile("csrr %0, stvec" : "=r"(vector));
  return vector;
}

inline void WriteVector(uintptr_t vector) {
  asm volatile("csrw stvec, %0" : : "r"(vector) : "memory");
}

}  // namespace ebpf::riscv64
