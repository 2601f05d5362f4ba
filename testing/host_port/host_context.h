// SPDX-License-Identifier: MIT
//
// What a signal interrupted, as pt_regs, and back; for the host port's own
// files only.
#pragma once

#include <signal.h>
#include <ucontext.h>

#include "arch/x86_64/pt_regs.h"
#include "core/base/noprobe.h"

namespace ebpf::host {

struct RegisterPair {
  int from;
  uint64_t x86_64::PtRegs::* to;
};
inline constexpr RegisterPair kRegisterPairs[] = {
    {REG_R15, &x86_64::PtRegs::r15}, {REG_R14, &x86_64::PtRegs::r14},
    {REG_R13, &x86_64::PtRegs::r13}, {REG_R12, &x86_64::PtRegs::r12},
    {REG_RBP, &x86_64::PtRegs::rbp}, {REG_RBX, &x86_64::PtRegs::rbx},
    {REG_R11, &x86_64::PtRegs::r11}, {REG_R10, &x86_64::PtRegs::r10},
    {REG_R9, &x86_64::PtRegs::r9},   {REG_R8, &x86_64::PtRegs::r8},
    {REG_RAX, &x86_64::PtRegs::rax}, {REG_RCX, &x86_64::PtRegs::rcx},
    {REG_RDX, &x86_64::PtRegs::rdx}, {REG_RSI, &x86_64::PtRegs::rsi},
    {REG_RDI, &x86_64::PtRegs::rdi}, {REG_RIP, &x86_64::PtRegs::rip},
    {REG_RSP, &x86_64::PtRegs::rsp},
};

EBPF_NOPROBE_INLINE void FromContext(const ucontext_t& context, bool irqs_on,
                                     x86_64::PtRegs& regs) {
  const greg_t* from = context.uc_mcontext.gregs;
  for (const RegisterPair& pair : kRegisterPairs) {
    regs.*pair.to = static_cast<uint64_t>(from[pair.from]);
  }
  const auto segments = static_cast<uint64_t>(from[REG_CSGSFS]);
  regs.cs = segments & 0xffff;
  regs.ss = segments >> 48;
  regs.orig_rax = ~uint64_t{0};
  regs.rflags = static_cast<uint64_t>(from[REG_EFL]) & ~x86_64::kFlagInterrupt;
  regs.rflags |= irqs_on ? x86_64::kFlagInterrupt : 0;
}

}  // namespace ebpf::host
