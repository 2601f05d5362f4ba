// SPDX-License-Identifier: MIT
//
// What trap_takeover.S saves of an interrupted context.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf {

/// Begins with Linux's user_pt_regs (uapi asm/ptrace.h), so that it is the
/// context of a program as it stands: nothing has to be copied there and back.
struct TakenFrame {
  uint64_t x[31];
  uint64_t sp;
  uint64_t pc;
  uint64_t pstate;
  /// What another trap while this one is handled overwrites, and the kernel
  /// must find again if the trap turns out to be its own.
  uint64_t syndrome;
  uint64_t fault_address;
};
// trap_takeover.S knows these.
static_assert(offsetof(TakenFrame, sp) == 248);
static_assert(offsetof(TakenFrame, pc) == 256);
static_assert(offsetof(TakenFrame, syndrome) == 272);
static_assert(sizeof(TakenFrame) == 288);

}  // namespace ebpf
