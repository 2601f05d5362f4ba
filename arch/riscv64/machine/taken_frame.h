// SPDX-License-Identifier: MIT
//
// What trap_takeover.S saves of an interrupted context.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf {

/// Linux's pt_regs as they stand: nothing has to be copied there and back.
struct TakenFrame {
  uint64_t pc;
  uint64_t x[31];  // x[i] is register i + 1
  uint64_t status;
  /// What another trap while this one is handled overwrites, and the kernel
  /// must find again if the trap turns out to be its own.
  uint64_t fault_address;
  uint64_t cause;
  uint64_t original_a0;
};
// trap_takeover.S knows these.
static_assert(offsetof(TakenFrame, status) == 256);
static_assert(offsetof(TakenFrame, fault_address) == 264);
static_assert(offsetof(TakenFrame, cause) == 272);
static_assert(sizeof(TakenFrame) == 288);

}  // namespace ebpf
