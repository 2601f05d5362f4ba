// SPDX-License-Identifier: MIT
//
// What the firmware below a kernel does on other harts. [sbi: RFENCE Extension]
#pragma once

#include <stdint.h>

namespace ebpf::riscv64 {

/// Makes every other hart fetch what was written: in machine mode, wherever it
/// is. For kernels in supervisor mode over an SBI. Context: any.
inline void SyncInsnsElsewhere() {
  constexpr uint64_t kRemoteFence = 0x52464e43;
  constexpr uint64_t kFenceI = 0;
  constexpr uint64_t kAllHarts = ~uint64_t{0};
  asm volatile("fence w, w" : : : "memory");  // what was written comes first
  register uint64_t a0 asm("a0") = 0;
  register uint64_t a1 asm("a1") = kAllHarts;
  register uint64_t a6 asm("a6") = kFenceI;
  register uint64_t a7 asm("a7") = kRemoteFence;
  asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
}

}  // namespace ebpf::riscv64
