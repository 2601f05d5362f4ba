// SPDX-License-Identifier: MIT
//
// The plain personality's trap frame on RISC-V.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "testing/guest/personalities/plain/traps.h"

namespace guest::plain {

/// What entry_riscv64.S builds: Linux's pt_regs.
struct TrapFrame {
  uint64_t pc;
  uint64_t x[31];  // x[i] is register i + 1
  uint64_t status;
  uint64_t fault_address;
  uint64_t cause;
  uint64_t original_a0;
};
static_assert(sizeof(TrapFrame) == 288);
static_assert(offsetof(TrapFrame, status) == 256);
static_assert(offsetof(TrapFrame, cause) == 272);

}  // namespace guest::plain
