// SPDX-License-Identifier: MIT
//
// RISC-V's MachineOps.
#include "arch/riscv64/machine_ops.h"

#include "arch/riscv64/compiler.h"
#include "arch/riscv64/detour.h"
#include "arch/riscv64/emulation.h"
#include "arch/riscv64/probed_insn.h"
#include "arch/riscv64/pt_regs.h"
#include "arch/riscv64/register_names.h"
#include "arch/riscv64/static_jump.h"

namespace ebpf::riscv64 {

constinit const machine::MachineOps kMachineOps = {
    .name = "riscv64",
    .pt_regs_size = sizeof(PtRegs),
    .user_regs_size = offsetof(PtRegs, status),
    .plan_probe = ProbedInsn::Plan,
    .compiler = &kCompilerOps,
    .slot_reach = UINT64_MAX,  // slots do not depend on where they are
    .relocate_probe = ProbedInsn::Relocate,
    .relocate_reach = ProbedInsn::kRelocateReach,
    .may_detour = Detour::IsPossible,
    .find_window = Detour::FindNear,
    .find_far_window = Detour::FindFar,
    .far_reach = Detour::kFarReach,
    .make_detour = Detour::Make,
    .static_no_op = StaticJump::NoOp(),
    .make_static_jump = StaticJump::Make,
    .registers = &kRegisterNames,
};

}  // namespace ebpf::riscv64
