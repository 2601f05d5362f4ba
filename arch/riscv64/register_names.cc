// SPDX-License-Identifier: MIT
//
// arch/riscv64/register_names.h's table.
#include "arch/riscv64/register_names.h"

#include <stddef.h>

#include "arch/riscv64/pt_regs.h"

namespace ebpf::riscv64 {
namespace {

constexpr machine::RegisterName kNames[] = {
    {"epc", offsetof(PtRegs, epc)},
    {"ra", offsetof(PtRegs, x[0])},
    {"sp", offsetof(PtRegs, x[1])},
    {"gp", offsetof(PtRegs, x[2])},
    {"tp", offsetof(PtRegs, x[3])},
    {"t0", offsetof(PtRegs, x[4])},
    {"t1", offsetof(PtRegs, x[5])},
    {"t2", offsetof(PtRegs, x[6])},
    {"s0", offsetof(PtRegs, x[7])},
    {"s1", offsetof(PtRegs, x[8])},
    {"a0", offsetof(PtRegs, x[9])},
    {"a1", offsetof(PtRegs, x[10])},
    {"a2", offsetof(PtRegs, x[11])},
    {"a3", offsetof(PtRegs, x[12])},
    {"a4", offsetof(PtRegs, x[13])},
    {"a5", offsetof(PtRegs, x[14])},
    {"a6", offsetof(PtRegs, x[15])},
    {"a7", offsetof(PtRegs, x[16])},
    {"s2", offsetof(PtRegs, x[17])},
    {"s3", offsetof(PtRegs, x[18])},
    {"s4", offsetof(PtRegs, x[19])},
    {"s5", offsetof(PtRegs, x[20])},
    {"s6", offsetof(PtRegs, x[21])},
    {"s7", offsetof(PtRegs, x[22])},
    {"s8", offsetof(PtRegs, x[23])},
    {"s9", offsetof(PtRegs, x[24])},
    {"s10", offsetof(PtRegs, x[25])},
    {"s11", offsetof(PtRegs, x[26])},
    {"t3", offsetof(PtRegs, x[27])},
    {"t4", offsetof(PtRegs, x[28])},
    {"t5", offsetof(PtRegs, x[29])},
    {"t6", offsetof(PtRegs, x[30])},
    {"status", offsetof(PtRegs, status)},
    {"badaddr", offsetof(PtRegs, badaddr)},
    {"cause", offsetof(PtRegs, cause)},
    {"orig_a0", offsetof(PtRegs, orig_a0)},
};
constexpr uint16_t kArguments[] = {
    offsetof(PtRegs, x[9]),  offsetof(PtRegs, x[10]), offsetof(PtRegs, x[11]),
    offsetof(PtRegs, x[12]), offsetof(PtRegs, x[13]), offsetof(PtRegs, x[14]),
    offsetof(PtRegs, x[15]), offsetof(PtRegs, x[16]),
};

}  // namespace

constinit const machine::RegisterNames kRegisterNames = {
    .all = kNames,
    .arguments = kArguments,
    .stack_pointer = offsetof(PtRegs, x[1]),
    .return_value = offsetof(PtRegs, x[9]),
    .stack_arguments = 0,
};

}  // namespace ebpf::riscv64
