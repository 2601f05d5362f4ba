// SPDX-License-Identifier: MIT
//
// DragonOS's trap frame as Linux's pt_regs, and back.
#pragma once

#include "arch/x86_64/pt_regs.h"
#include "core/base/noprobe.h"
#include "ports/dragonos/trap_frame.h"

namespace ebpf::dragonos {

/// Whether kernel code was interrupted, and not a process. Context: any.
EBPF_NOPROBE_INLINE bool IsOfKernel(const dragonos_trap_frame& frame) {
  constexpr uint64_t kRing = 3;  // of a code selector
  return (frame.cs & kRing) == 0;
}

/// What Linux has in orig_rax when no system call is made.
inline constexpr uint64_t kNoSystemCall = ~uint64_t{0};

/// Every register of `frame` that pt_regs has. Context: any.
EBPF_NOPROBE_INLINE void ToPtRegs(const dragonos_trap_frame& frame,
                                  x86_64::PtRegs& regs) {
  regs.r15 = frame.r15;
  regs.r14 = frame.r14;
  regs.r13 = frame.r13;
  regs.r12 = frame.r12;
  regs.rbp = frame.rbp;
  regs.rbx = frame.rbx;
  regs.r11 = frame.r11;
  regs.r10 = frame.r10;
  regs.r9 = frame.r9;
  regs.r8 = frame.r8;
  regs.rax = frame.rax;
  regs.rcx = frame.rcx;
  regs.rdx = frame.rdx;
  regs.rsi = frame.rsi;
  regs.rdi = frame.rdi;
  regs.orig_rax = kNoSystemCall;
  regs.rip = frame.rip;
  regs.cs = frame.cs;
  regs.rflags = frame.rflags;
  regs.rsp = frame.rsp;
  regs.ss = frame.ss;
}

/// Every register of pt_regs into `frame`, whose ds, es, func and errcode stay.
/// Context: any.
EBPF_NOPROBE_INLINE void FromPtRegs(const x86_64::PtRegs& regs,
                                    dragonos_trap_frame& frame) {
  frame.r15 = regs.r15;
  frame.r14 = regs.r14;
  frame.r13 = regs.r13;
  frame.r12 = regs.r12;
  frame.rbp = regs.rbp;
  frame.rbx = regs.rbx;
  frame.r11 = regs.r11;
  frame.r10 = regs.r10;
  frame.r9 = regs.r9;
  frame.r8 = regs.r8;
  frame.rax = regs.rax;
  frame.rcx = regs.rcx;
  frame.rdx = regs.rdx;
  frame.rsi = regs.rsi;
  frame.rdi = regs.rdi;
  frame.rip = regs.rip;
  frame.cs = regs.cs;
  frame.rflags = regs.rflags;
  frame.rsp = regs.rsp;
  frame.ss = regs.ss;
}

}  // namespace ebpf::dragonos
