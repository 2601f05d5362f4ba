// SPDX-License-Identifier: MIT
//
// The counter of time that any context of a kernel can read on RISC-V: the
// facade `machine/` of core/decisions/0007-selftest.md, of which the build
// chooses one. [riscv/unpriv: Zicntr]
#pragma once

#include <stdint.h>

namespace ebpf::machine {

/// Context: any.
__attribute__((always_inline)) inline uint64_t ReadCounter() {
  uint64_t ticks;
  __asm__ volatile("rdtime %0" : "=r"(ticks) : : "memory");
  return ticks;
}

}  // namespace ebpf::machine
