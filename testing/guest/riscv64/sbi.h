// SPDX-License-Identifier: MIT
//
// The calls that the guest makes to its firmware. [sbi: chapters 3, 6 to 9]
#pragma once

#include <stdint.h>

namespace guest::riscv64 {

struct SbiResult {
  intptr_t error;  // 0, or negative
  intptr_t value;
};

/// Function `function` of `extension`. Context: any.
inline SbiResult SbiCall(uintptr_t extension, uintptr_t function,
                         uintptr_t argument0, uintptr_t argument1 = 0,
                         uintptr_t argument2 = 0, uintptr_t argument3 = 0) {
  register uintptr_t a0 asm("a0") = argument0;
  register uintptr_t a1 asm("a1") = argument1;
  register uintptr_t a2 asm("a2") = argument2;
  register uintptr_t a3 asm("a3") = argument3;
  register uintptr_t a6 asm("a6") = function;
  register uintptr_t a7 asm("a7") = extension;
  asm volatile("ecall"
               : "+r"(a0), "+r"(a1)
               : "r"(a2), "r"(a3), "r"(a6), "r"(a7)
               : "memory");
  return {static_cast<intptr_t>(a0), static_cast<intptr_t>(a1)};
}

/// Asks for a timer interrupt when rdtime reaches `when`, and takes a pending
/// one back.
inline void SbiSetTimer(uint64_t when) {
  constexpr uintptr_t kTime = 0x54494d45;  // "TIME"
  SbiCall(kTime, 0, when);
}

/// Raises the supervisor software interrupt of `hart`.
inline void SbiSendIpi(uintptr_t hart) {
  constexpr uintptr_t kIpi = 0x735049;  // "sPI"
  SbiCall(kIpi, 0, 1, hart);
}

/// All harts forget translations of [begin, begin + size): when it returns they
/// have.
inline void SbiFlushTlbOfAll(uintptr_t begin, uintptr_t size) {
  constexpr uintptr_t kFences = 0x52464e43;  // "RFNC"
  constexpr uintptr_t kAllHarts = UINTPTR_MAX;
  SbiCall(kFences, 1, 0, kAllHarts, begin, size);
}

inline constexpr uintptr_t kSbiHarts = 0x48534d;  // "HSM"

/// Lets `hart` begin at `entry` in supervisor mode, translation off, with its
/// number in a0; false if it cannot.
inline bool SbiStartHart(uintptr_t hart, uintptr_t entry) {
  return SbiCall(kSbiHarts, 0, hart, entry).error == 0;
}

/// Whether there is such a hart.
inline bool SbiHasHart(uintptr_t hart) {
  return SbiCall(kSbiHarts, 2, hart).error == 0;
}

}  // namespace guest::riscv64
