// SPDX-License-Identifier: MIT
//
// AArch64's MachineOps.
#include "arch/aarch64/machine_ops.h"

#include "arch/aarch64/compiler.h"
#include "arch/aarch64/detour.h"
#include "arch/aarch64/emulation.h"
#include "arch/aarch64/probed_insn.h"
#include "arch/aarch64/pt_regs.h"
#include "arch/aarch64/register_names.h"
#include "arch/aarch64/static_jump.h"

namespace ebpf::aarch64 {

constinit const machine::MachineOps kMachineOps = {
    .name = "aarch64",
    .pt_regs_size = sizeof(PtRegs),
    .user_regs_size = sizeof(PtRegs),
    .plan_probe = ProbedInsn::Plan,
    .compiler = &kCompilerOps,
    .slot_reach = UINT64_MAX,  // slots do not depend on where they are
    .relocate_probe = ProbedInsn::Relocate,
    .relocate_reach = ProbedInsn::kRelocateReach,
    .may_detour = Detour::IsPossible,
    .make_detour = Detour::Make,
    .static_no_op = StaticJump::NoOp(),
    .make_static_jump = StaticJump::Make,
    .registers = &kRegisterNames,
};

}  // namespace ebpf::aarch64
