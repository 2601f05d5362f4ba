// SPDX-License-Identifier: MIT
//
// The plain personality's trap frame on AArch64.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "testing/guest/personalities/plain/traps.h"

namespace guest::plain {

/// What entry_aarch64.S builds: Linux's user_pt_regs, and 16 bytes of nothing.
struct TrapFrame {
  uint64_t x[31];
  uint64_t sp;
  uint64_t pc;
  uint64_t pstate;
  uint64_t unused[2];
};
static_assert(sizeof(TrapFrame) == 288);
static_assert(offsetof(TrapFrame, sp) == 248);
static_assert(offsetof(TrapFrame, pc) == 256);

}  // namespace guest::plain
