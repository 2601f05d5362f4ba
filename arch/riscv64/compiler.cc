// SPDX-License-Identifier: MIT
//
// arch/riscv64/compiler.h's table.
#include "arch/riscv64/compiler.h"

#include "arch/riscv64/macro_assembler.h"
#include "core/jit/compiler.h"

namespace ebpf::riscv64 {

constinit const machine::CompilerOps kCompilerOps = {
    .compile = jit::Compile<MacroAssembler>,
    .fill_guard = MacroAssembler::FillGuard,
    .call_reach = MacroAssembler::kCallReach,
};

}  // namespace ebpf::riscv64
