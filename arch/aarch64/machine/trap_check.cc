// SPDX-License-Identifier: MIT
//
// core/machine/trap_check.h's table of this CPU.
#include "core/machine/trap_check.h"

#include "arch/aarch64/breakpoint.h"
#include "arch/aarch64/pt_regs.h"

namespace ebpf::machine {
namespace {

using aarch64::PtRegs;
using enum TrapWordKind;

constexpr TrapWord kWords[] = {
    {"x0", kGeneral},   {"x1", kGeneral},      {"x2", kGeneral},
    {"x3", kGeneral},   {"x4", kGeneral},      {"x5", kGeneral},
    {"x6", kGeneral},   {"x7", kGeneral},      {"x8", kGeneral},
    {"x9", kGeneral},   {"x10", kGeneral},     {"x11", kGeneral},
    {"x12", kGeneral},  {"x13", kGeneral},     {"x14", kGeneral},
    {"x15", kGeneral},  {"x16", kGeneral},     {"x17", kGeneral},
    {"x18", kKernels},  {"x19", kGeneral},     {"x20", kGeneral},
    {"x21", kGeneral},  {"x22", kGeneral},     {"x23", kGeneral},
    {"x24", kGeneral},  {"x25", kGeneral},     {"x26", kGeneral},
    {"x27", kGeneral},  {"x28", kGeneral},     {"x29", kGeneral},
    {"x30", kGeneral},  {"sp", kStackPointer}, {"pc", kPc},
    {"pstate", kFlags},
};
static_assert(sizeof(kWords) / sizeof(kWords[0]) == sizeof(PtRegs) / 8);

constexpr uint64_t kOwnFlags = aarch64::kPstateNegative | aarch64::kPstateZero |
                               aarch64::kPstateCarry | aarch64::kPstateOverflow;
constexpr uint64_t kInterruptMask = uint64_t{1} << 7;  // I

}  // namespace

constinit const TrapCheck kTrapCheck = {
    .words = kWords,
    .flags = kOwnFlags,
    .own_flags = kOwnFlags,
    .interrupt_flags = kInterruptMask,
    .interrupts_on = 0,
    .gap = 512,
    .stack_alignment = 16,
    .breakpoint = aarch64::Breakpoint::kBrk,
    .pc_behind = 0,
};

}  // namespace ebpf::machine
