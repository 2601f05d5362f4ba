// SPDX-License-Identifier: MIT
//
// What trap_takeover.S saves of an interrupted context.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf {

/// Linux's pt_regs as they stand: nothing has to be copied there and back.
struct TakenFrame {
  uint64_t r15, r14, r13, r12, rbp, rbx;
  uint64_t r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
  uint64_t error_code;
  uint64_t pc;
  uint64_t cs, flags, sp, ss;
};
static_assert(offsetof(TakenFrame, pc) == 128);
static_assert(sizeof(TakenFrame) == 168);

}  // namespace ebpf
