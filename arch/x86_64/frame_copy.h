// SPDX-License-Identifier: MIT
//
// Between a kernel's trap frame and Linux's pt_regs, where both have Linux's
// names for their words.
#pragma once

#include "core/base/noprobe.h"

namespace ebpf::x86_64 {

/// Copies every register that the CPU has. Calls nothing: memcpy may be under
/// a probe. Context: any.
template <typename From, typename To>
EBPF_NOPROBE_INLINE void CopyRegisters(const From& from, To& to) {
  to.r15 = from.r15;
  to.r14 = from.r14;
  to.r13 = from.r13;
  to.r12 = from.r12;
  to.rbp = from.rbp;
  to.rbx = from.rbx;
  to.r11 = from.r11;
  to.r10 = from.r10;
  to.r9 = from.r9;
  to.r8 = from.r8;
  to.rax = from.rax;
  to.rcx = from.rcx;
  to.rdx = from.rdx;
  to.rsi = from.rsi;
  to.rdi = from.rdi;
  to.rip = from.rip;
  to.cs = from.cs;
  to.rflags = from.rflags;
  to.rsp = from.rsp;
  to.ss = from.ss;
}

}  // namespace ebpf::x86_64
