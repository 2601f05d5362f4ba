// SPDX-License-Identifier: MIT
//
// What stack_walk_test.cc must know of the CPU that it runs on: written down a
// second time, from the manuals of the calling conventions.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf {

/// A pt_regs of this CPU, with other values in all other registers.
struct InterruptedRegs {
  uint64_t words[64];
};
InterruptedRegs Interrupted(uint64_t pc, uint64_t frame);

/// How far from the frame pointer the caller's lies; behind it is the return
/// address.
extern const int64_t kCallerFrame;

}  // namespace ebpf
