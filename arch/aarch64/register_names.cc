// SPDX-License-Identifier: MIT
//
// arch/aarch64/register_names.h's table.
#include "arch/aarch64/register_names.h"

#include <stddef.h>

#include "arch/aarch64/pt_regs.h"

namespace ebpf::aarch64 {
namespace {

constexpr machine::RegisterName kNames[] = {
    {"x0", offsetof(PtRegs, x[0])},       {"x1", offsetof(PtRegs, x[1])},
    {"x2", offsetof(PtRegs, x[2])},       {"x3", offsetof(PtRegs, x[3])},
    {"x4", offsetof(PtRegs, x[4])},       {"x5", offsetof(PtRegs, x[5])},
    {"x6", offsetof(PtRegs, x[6])},       {"x7", offsetof(PtRegs, x[7])},
    {"x8", offsetof(PtRegs, x[8])},       {"x9", offsetof(PtRegs, x[9])},
    {"x10", offsetof(PtRegs, x[10])},     {"x11", offsetof(PtRegs, x[11])},
    {"x12", offsetof(PtRegs, x[12])},     {"x13", offsetof(PtRegs, x[13])},
    {"x14", offsetof(PtRegs, x[14])},     {"x15", offsetof(PtRegs, x[15])},
    {"x16", offsetof(PtRegs, x[16])},     {"x17", offsetof(PtRegs, x[17])},
    {"x18", offsetof(PtRegs, x[18])},     {"x19", offsetof(PtRegs, x[19])},
    {"x20", offsetof(PtRegs, x[20])},     {"x21", offsetof(PtRegs, x[21])},
    {"x22", offsetof(PtRegs, x[22])},     {"x23", offsetof(PtRegs, x[23])},
    {"x24", offsetof(PtRegs, x[24])},     {"x25", offsetof(PtRegs, x[25])},
    {"x26", offsetof(PtRegs, x[26])},     {"x27", offsetof(PtRegs, x[27])},
    {"x28", offsetof(PtRegs, x[28])},     {"x29", offsetof(PtRegs, x[29])},
    {"x30", offsetof(PtRegs, x[30])},     {"lr", offsetof(PtRegs, x[30])},
    {"sp", offsetof(PtRegs, sp)},         {"pc", offsetof(PtRegs, pc)},
    {"pstate", offsetof(PtRegs, pstate)},
};
constexpr uint16_t kArguments[] = {
    offsetof(PtRegs, x[0]), offsetof(PtRegs, x[1]), offsetof(PtRegs, x[2]),
    offsetof(PtRegs, x[3]), offsetof(PtRegs, x[4]), offsetof(PtRegs, x[5]),
    offsetof(PtRegs, x[6]), offsetof(PtRegs, x[7]),
};

}  // namespace

constinit const machine::RegisterNames kRegisterNames = {
    .all = kNames,
    .arguments = kArguments,
    .stack_pointer = offsetof(PtRegs, sp),
    .return_value = offsetof(PtRegs, x[0]),
    .stack_arguments = 0,
};

}  // namespace ebpf::aarch64
