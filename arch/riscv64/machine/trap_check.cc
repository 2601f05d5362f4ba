// SPDX-License-Identifier: MIT
//
// core/machine/trap_check.h's table of this CPU.
#include "core/machine/trap_check.h"

#include "arch/riscv64/breakpoint.h"
#include "arch/riscv64/pt_regs.h"

namespace ebpf::machine {
namespace {

using riscv64::PtRegs;
using enum TrapWordKind;

constexpr TrapWord kWords[] = {
    {"pc", kPc},        {"ra", kGeneral}, {"sp", kStackPointer},
    {"gp", kKernels},   {"tp", kKernels}, {"t0", kGeneral},
    {"t1", kGeneral},   {"t2", kGeneral}, {"s0", kGeneral},
    {"s1", kGeneral},   {"a0", kGeneral}, {"a1", kGeneral},
    {"a2", kGeneral},   {"a3", kGeneral}, {"a4", kGeneral},
    {"a5", kGeneral},   {"a6", kGeneral}, {"a7", kGeneral},
    {"s2", kGeneral},   {"s3", kGeneral}, {"s4", kGeneral},
    {"s5", kGeneral},   {"s6", kGeneral}, {"s7", kGeneral},
    {"s8", kGeneral},   {"s9", kGeneral}, {"s10", kGeneral},
    {"s11", kGeneral},  {"t3", kGeneral}, {"t4", kGeneral},
    {"t5", kGeneral},   {"t6", kGeneral}, {"sstatus", kFlags},
    {"badaddr", kNone}, {"cause", kNone}, {"orig_a0", kNone},
};
static_assert(sizeof(kWords) / sizeof(kWords[0]) == sizeof(PtRegs) / 8);

// [riscv/priv: sstatus]
constexpr uint64_t kSie = 1 << 1;
constexpr uint64_t kSum = 1 << 18;

}  // namespace

constinit const TrapCheck kTrapCheck = {
    .words = kWords,
    .flags = kSie | kSum,
    .own_flags = 0,
    .interrupt_flags = riscv64::kStatusSpie,
    .interrupts_on = riscv64::kStatusSpie,
    .gap = 512,
    .stack_alignment = 16,
    .breakpoint = riscv64::Breakpoint::kEbreak,
    .pc_behind = 0,
};

}  // namespace ebpf::machine
