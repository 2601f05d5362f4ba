// SPDX-License-Identifier: MIT
//
// A little memory that stands for a process's: mapped at user addresses, in
// the same page tables as the kernel, as in DragonOS.
#pragma once

#include <stdint.h>

namespace guest::dragonos {

inline constexpr uintptr_t kUserBegin = 0x0000'0010'0000'0000;
inline constexpr uintptr_t kUserEnd = kUserBegin + 2 * 4096;

}  // namespace guest::dragonos
