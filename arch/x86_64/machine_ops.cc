// SPDX-License-Identifier: MIT
//
// x86-64's MachineOps.
#include "arch/x86_64/machine_ops.h"

#include "arch/x86_64/compiler.h"
#include "arch/x86_64/detour.h"
#include "arch/x86_64/emulation.h"
#include "arch/x86_64/probed_insn.h"
#include "arch/x86_64/pt_regs.h"
#include "arch/x86_64/register_names.h"
#include "arch/x86_64/static_jump.h"

namespace ebpf::x86_64 {

constinit const machine::MachineOps kMachineOps = {
    .name = "x86_64",
    .pt_regs_size = sizeof(PtRegs),
    .user_regs_size = sizeof(PtRegs),
    .plan_probe = ProbedInsn::Plan,
    .compiler = &kCompilerOps,
    .slot_reach = UINT64_MAX,  // slots do not depend on where they are
    .relocate_probe = ProbedInsn::Relocate,
    .relocate_reach = ProbedInsn::kRelocateReach,
    .may_detour = Detour::IsPossible,
    .find_window = Detour::Find,
    .make_detour = Detour::Make,
    .static_no_op = StaticJump::NoOp(),
    .make_static_jump = StaticJump::Make,
    .registers = &kRegisterNames,
};

}  // namespace ebpf::x86_64
