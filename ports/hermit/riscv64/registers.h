// SPDX-License-Identifier: MIT
//
// The instructions of RISC-V that this port needs. Used in place and not asked
// of the kernel, so that a trap calls nothing that can be probed.
// [riscv/priv: sstatus, stvec]
#pragma once

#include <stdint.h>

namespace ebpf::hermit {

/// sstatus.SIE: interrupts are on.
inline constexpr uint64_t kInterruptsOn = 1 << 1;

/// Masks interrupts; kInterruptsOn if they were on, else 0. Context: any.
[[gnu::always_inline]] inline uint64_t MaskInterrupts() {
  uint64_t before;
  asm volatile("csrrci %0, sstatus, 2" : "=r"(before) : : "memory");
  return before & kInterruptsOn;
}

/// Undoes the MaskInterrupts() that returned `before`. Context: any.
[[gnu::always_inline]] inline void RestoreInterrupts(uint64_t before) {
  asm volatile("csrs sstatus, %0" : : "r"(before) : "memory");
}

[[gnu::always_inline]] inline uint64_t ReadStatus() {
  uint64_t status;
  asm volatile("csrr %0, sstatus" : "=r"(status) : : "memory");
  return status;
}

inline uintptr_t ReadVector() {
  uintptr_t vector;
  asm volatile("csrr %0, stvec" : "=r"(vector));
  return vector;
}

inline void WriteVector(uintptr_t vector) {
  asm volatile("csrw stvec, %0" : : "r"(vector) : "memory");
}

}  // namespace ebpf::hermit
