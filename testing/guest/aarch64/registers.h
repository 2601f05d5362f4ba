// SPDX-License-Identifier: MIT
//
// The system registers that the guest reads and writes.
#pragma once

#include <stdint.h>

namespace guest::aarch64 {

/// DAIF.I: interrupts are masked. [arm/arm: DAIF]
inline constexpr uintptr_t kDaifI = 1 << 7;

/// Exception classes of ESR_EL1. [arm/arm: ESR_EL1]
inline constexpr uintptr_t kClassInstructionAbort = 0x21;
inline constexpr uintptr_t kClassPcAlignment = 0x22;
inline constexpr uintptr_t kClassDataAbort = 0x25;
inline constexpr uintptr_t kClassBreakpoint = 0x3c;

constexpr uintptr_t ClassOf(uintptr_t syndrome) { return syndrome >> 26 & 63; }

}  // namespace guest::aarch64

/// The value of a system register, and its change.
#define GUEST_READ_REGISTER(name)                      \
  (__extension__({                                     \
    uint64_t guest_value;                              \
    asm volatile("mrs %0, " name : "=r"(guest_value)); \
    guest_value;                                       \
  }))
#define GUEST_WRITE_REGISTER(name, value)          \
  asm volatile("msr " name ", %0"                  \
               :                                   \
               : "r"(static_cast<uint64_t>(value)) \
               : "memory")
