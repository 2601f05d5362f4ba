// SPDX-License-Identifier: MIT
//
// The two calls that the guest makes to its firmware. [sbi: chapters 3, 6]
#pragma once

#include <stdint.h>

namespace guest::riscv64 {

inline constexpr uintptr_t kSbiTime = 0x54494d45;  // "TIME"

/// Asks for a timer interrupt when rdtime reaches `when`, and takes a pending
/// one back.
inline void SbiSetTimer(uint64_t when) {
  register uintptr_t a0 asm("a0") = when;
  register uintptr_t a1 asm("a1") = 0;
  register uintptr_t a6 asm("a6") = 0;
  register uintptr_t a7 asm("a7") = kSbiTime;
  asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
}

}  // namespace guest::riscv64
