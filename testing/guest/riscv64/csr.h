// SPDX-License-Identifier: MIT
//
// The bits of control registers that the guest uses. [riscv/priv: chapter 4]
#pragma once

#include <stdint.h>

namespace guest::riscv64 {

inline constexpr uintptr_t kSstatusSie = 1 << 1;   // interrupts enabled
inline constexpr uintptr_t kSstatusSpie = 1 << 5;  // so before the trap
inline constexpr uintptr_t kSieSsie = 1 << 1;      // software interrupt
inline constexpr uintptr_t kSieStie = 1 << 5;      // timer interrupt

inline constexpr uintptr_t kCauseInterrupt = uintptr_t{1} << 63;
inline constexpr uintptr_t kCauseSoftware = kCauseInterrupt | 1;
inline constexpr uintptr_t kCauseTimer = kCauseInterrupt | 5;

inline constexpr uintptr_t kCauseFetchFault = 1;
inline constexpr uintptr_t kCauseIllegal = 2;
inline constexpr uintptr_t kCauseBreakpoint = 3;
inline constexpr uintptr_t kCauseLoadMisaligned = 4;
inline constexpr uintptr_t kCauseLoadFault = 5;
inline constexpr uintptr_t kCauseStoreMisaligned = 6;
inline constexpr uintptr_t kCauseStoreFault = 7;
inline constexpr uintptr_t kCauseFetchPageFault = 12;
inline constexpr uintptr_t kCauseLoadPageFault = 13;
inline constexpr uintptr_t kCauseStorePageFault = 15;

}  // namespace guest::riscv64
