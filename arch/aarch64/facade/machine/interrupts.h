// SPDX-License-Identifier: MIT
//
// Whether AArch64 takes interrupts: the facade `machine/` of
// core/decisions/0007-selftest.md, of which the build chooses one.
#pragma once

#include <stdint.h>

namespace ebpf::machine {

/// Of this CPU, in a kernel. [arm/arm: DAIF] Context: any.
inline bool InterruptsMasked() {
  constexpr uint64_t kIrqMask = 1 << 7;
  uint64_t daif;
  __asm__ volatile("mrs %0, daif" : "=r"(daif) : : "memory");
  return (daif & kIrqMask) != 0;
}

}  // namespace ebpf::machine
