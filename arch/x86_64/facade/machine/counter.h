// SPDX-License-Identifier: MIT
//
// The counter of time that any context of a kernel can read on x86-64: the
// facade `machine/` of core/decisions/0007-selftest.md, of which the build
// chooses one. [intel/vol2: RDTSC]
#pragma once

#include <stdint.h>

namespace ebpf::machine {

/// It is read behind what comes before. Context: any.
__attribute__((always_inline)) inline uint64_t ReadCounter() {
  uint32_t low;
  uint32_t high;
  __asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
  return uint64_t{high} << 32 | low;
}

}  // namespace ebpf::machine
