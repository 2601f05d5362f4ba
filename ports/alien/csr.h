// SPDX-License-Identifier: MIT
//
// The instructions of RISC-V that this port needs: the hart's number, the
// clock, and what makes changed page tables seen. Read here and not asked of
// the kernel, so that a trap calls nothing that can be probed.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::alien {

/// The hart's number, which Alien keeps in tp. Context: any.
[[gnu::always_inline]] inline uintptr_t HartId() {
  uintptr_t hart;
  asm volatile("mv %0, tp" : "=r"(hart));
  return hart;
}

/// The clock's ticks, as alien_read_timer reads them. Context: any.
[[gnu::always_inline]] inline uint64_t ReadTicks() {
  uint64_t ticks;
  asm volatile("rdtime %0" : "=r"(ticks));
  return ticks;
}

/// Forgets translations of the page at `address`: Alien's page-table functions
/// do not. Context: any.
inline void FlushTranslation(uintptr_t address) {
  asm volatile("sfence.vma %0, zero" : : "r"(address) : "memory");
}

}  // namespace ebpf::alien
