// SPDX-License-Identifier: MIT
//
// arch/x86_64/register_names.h's table.
#include "arch/x86_64/register_names.h"

#include <stddef.h>

#include "arch/x86_64/pt_regs.h"

namespace ebpf::x86_64 {
namespace {

constexpr machine::RegisterName kNames[] = {
    {"r15", offsetof(PtRegs, r15)},
    {"r14", offsetof(PtRegs, r14)},
    {"r13", offsetof(PtRegs, r13)},
    {"r12", offsetof(PtRegs, r12)},
    {"bp", offsetof(PtRegs, rbp)},
    {"bx", offsetof(PtRegs, rbx)},
    {"r11", offsetof(PtRegs, r11)},
    {"r10", offsetof(PtRegs, r10)},
    {"r9", offsetof(PtRegs, r9)},
    {"r8", offsetof(PtRegs, r8)},
    {"ax", offsetof(PtRegs, rax)},
    {"cx", offsetof(PtRegs, rcx)},
    {"dx", offsetof(PtRegs, rdx)},
    {"si", offsetof(PtRegs, rsi)},
    {"di", offsetof(PtRegs, rdi)},
    {"orig_ax", offsetof(PtRegs, orig_rax)},
    {"ip", offsetof(PtRegs, rip)},
    {"cs", offsetof(PtRegs, cs)},
    {"flags", offsetof(PtRegs, rflags)},
    {"sp", offsetof(PtRegs, rsp)},
    {"ss", offsetof(PtRegs, ss)},
};
constexpr uint16_t kArguments[] = {
    offsetof(PtRegs, rdi), offsetof(PtRegs, rsi), offsetof(PtRegs, rdx),
    offsetof(PtRegs, rcx), offsetof(PtRegs, r8),  offsetof(PtRegs, r9),
};

}  // namespace

constinit const machine::RegisterNames kRegisterNames = {
    .all = kNames,
    .arguments = kArguments,
    .stack_pointer = offsetof(PtRegs, rsp),
    .return_value = offsetof(PtRegs, rax),
    .stack_arguments = 1,  // above the return address
};

}  // namespace ebpf::x86_64
