// SPDX-License-Identifier: MIT
//
// What vector.S saves of an interrupted context.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::hermit {

/// Linux's pt_regs as they stand: nothing has to be copied there and back.
struct TrapFrame {
  uint64_t pc;
  uint64_t x[31];  // x[i] is register i + 1
  uint64_t status;
  /// What another trap while this one is handled overwrites, and the kernel
  /// must find again if the trap turns out to be its own.
  uint64_t fault_address;
  uint64_t cause;
  uint64_t original_a0;
};
// vector.S knows these.
static_assert(offsetof(TrapFrame, status) == 256);
static_assert(offsetof(TrapFrame, fault_address) == 264);
static_assert(offsetof(TrapFrame, cause) == 272);
static_assert(sizeof(TrapFrame) == 288);

}  // namespace ebpf::hermit
