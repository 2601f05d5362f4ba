// SPDX-License-Identifier: MIT
//
// The instructions of RISC-V that this port needs. Used in place and not asked
// of the kernel, so that a trap calls nothing that can be probed.
// [riscv/priv: sstatus, stvec]
#pragma once

#include <stdint.h>

namespace ebpf::hermit {

inline uintptr_t ReadVector() {
  uintptr_t vector;
  asm volatile("csrr %0, stvec" : "=r"(vector));
  return vector;
}

inline void WriteVector(uintptr_t vector) {
  asm volatile("csrw stvec, %0" : : "r"(vector) : "memory");
}

}  // namespace ebpf::hermit
