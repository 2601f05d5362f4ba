// SPDX-License-Identifier: MIT
//
// DragonOS's trap frame on x86-64, as its entry code lays it out.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// From low to high addresses; the frame begins at the stack pointer that
/// do_int3 and the other handlers are called with.
/// [dragonos: arch/x86_64/interrupt/mod.rs, TrapFrame]
struct dragonos_trap_frame {
  uint64_t r15;
  uint64_t r14;
  uint64_t r13;
  uint64_t r12;
  uint64_t r11;
  uint64_t r10;
  uint64_t r9;
  uint64_t r8;
  uint64_t rbx;
  uint64_t rcx;
  uint64_t rdx;
  uint64_t rsi;
  uint64_t rdi;
  uint64_t rbp;
  uint64_t ds;
  uint64_t es;
  uint64_t rax;
  uint64_t func;  // the handler, of no interest to us
  uint64_t errcode;
  uint64_t rip;
  uint64_t cs;
  uint64_t rflags;
  uint64_t rsp;
  uint64_t ss;
};

static_assert(sizeof(dragonos_trap_frame) == 24 * 8);
static_assert(offsetof(dragonos_trap_frame, rbp) == 13 * 8);
static_assert(offsetof(dragonos_trap_frame, rax) == 16 * 8);
static_assert(offsetof(dragonos_trap_frame, rip) == 19 * 8);
static_assert(offsetof(dragonos_trap_frame, rsp) == 22 * 8);
