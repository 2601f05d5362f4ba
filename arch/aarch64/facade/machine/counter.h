// SPDX-License-Identifier: MIT
//
// The counter of time that any context of a kernel can read on AArch64: the
// facade `machine/` of core/decisions/0007-selftest.md, of which the build
// chooses one. [arm/aarch64: D11, The Generic Timer]
#pragma once

#include <stdint.h>

namespace ebpf::machine {

/// It is read behind what comes before. Context: any.
__attribute__((always_inline)) inline uint64_t ReadCounter() {
  uint64_t ticks;
  __asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(ticks) : : "memory");
  return ticks;
}

}  // namespace ebpf::machine
