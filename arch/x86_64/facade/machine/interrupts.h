// SPDX-License-Identifier: MIT
//
// Whether x86-64 takes interrupts: the facade `machine/` of
// core/decisions/0007-selftest.md, of which the build chooses one.
#pragma once

#include <stdint.h>

namespace ebpf::machine {

/// Of this CPU, in a kernel. [intel/vol1: EFLAGS Register] Context: any.
inline bool InterruptsMasked() {
  constexpr uint64_t kInterruptFlag = 1 << 9;
  return (__builtin_ia32_readeflags_u64() & kInterruptFlag) == 0;
}

}  // namespace ebpf::machine
