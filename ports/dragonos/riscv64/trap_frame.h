// SPDX-License-Identifier: MIT
//
// DragonOS's trap frame on RISC-V, as its entry code lays it out: Linux's
// pt_regs, word for word.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// From low to high addresses, right below the interrupted stack pointer.
/// [dragonos: arch/riscv64/interrupt/mod.rs, TrapFrame]
struct dragonos_trap_frame {
  uint64_t epc;
  uint64_t x[31];  // x[i] is register i + 1
  uint64_t status;
  uint64_t badaddr;
  uint64_t cause;
  uint64_t origin_a0;
};

static_assert(sizeof(dragonos_trap_frame) == 36 * 8);
static_assert(offsetof(dragonos_trap_frame, status) == 32 * 8);
static_assert(offsetof(dragonos_trap_frame, cause) == 34 * 8);
