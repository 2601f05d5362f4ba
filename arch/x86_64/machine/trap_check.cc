// SPDX-License-Identifier: MIT
//
// core/machine/trap_check.h's table of this CPU.
#include "core/machine/trap_check.h"

#include "arch/x86_64/breakpoint.h"
#include "arch/x86_64/pt_regs.h"

namespace ebpf::machine {
namespace {

using x86_64::PtRegs;
using enum TrapWordKind;

constexpr TrapWord kWords[] = {
    {"r15", kGeneral},   {"r14", kGeneral},      {"r13", kGeneral},
    {"r12", kGeneral},   {"rbp", kGeneral},      {"rbx", kGeneral},
    {"r11", kGeneral},   {"r10", kGeneral},      {"r9", kGeneral},
    {"r8", kGeneral},    {"rax", kGeneral},      {"rcx", kGeneral},
    {"rdx", kGeneral},   {"rsi", kGeneral},      {"rdi", kGeneral},
    {"orig_rax", kNone}, {"rip", kPc},           {"cs", kNone},
    {"rflags", kFlags},  {"rsp", kStackPointer}, {"ss", kNone},
};
static_assert(sizeof(kWords) / sizeof(kWords[0]) == sizeof(PtRegs) / 8);

constexpr uint64_t kOwnFlags = x86_64::kFlagCarry | x86_64::kFlagParity |
                               x86_64::kFlagAdjust | x86_64::kFlagZero |
                               x86_64::kFlagSign | x86_64::kFlagOverflow;
static_assert(kOwnFlags == 0x8d5);

}  // namespace

constinit const TrapCheck kTrapCheck = {
    .words = kWords,
    .flags = kOwnFlags,
    .own_flags = kOwnFlags,
    .interrupt_flags = x86_64::kFlagInterrupt,
    .interrupts_on = x86_64::kFlagInterrupt,
    .gap = 8,
    .stack_alignment = 8,
    .breakpoint = x86_64::Breakpoint::kInt3,
    .pc_behind = sizeof(x86_64::Breakpoint::kInt3),
};

}  // namespace ebpf::machine
