// SPDX-License-Identifier: MIT
//
// Whether RISC-V takes interrupts: the facade `machine/` of
// core/decisions/0007-selftest.md, of which the build chooses one.
#pragma once

#include <stdint.h>

namespace ebpf::machine {

/// Of this hart, in a kernel in supervisor mode. [riscv/priv: sstatus]
/// Context: any.
inline bool InterruptsMasked() {
  constexpr uint64_t kSie = 1 << 1;
  uint64_t sstatus;
  __asm__ volatile("csrr %0, sstatus" : "=r"(sstatus) : : "memory");
  return (sstatus & kSie) == 0;
}

}  // namespace ebpf::machine
