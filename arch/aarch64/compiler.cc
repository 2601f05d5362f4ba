// SPDX-License-Identifier: MIT
//
// arch/aarch64/compiler.h's table.
#include "arch/aarch64/compiler.h"

#include "arch/aarch64/macro_assembler.h"
#include "core/jit/compiler.h"

namespace ebpf::aarch64 {

constinit const machine::CompilerOps kCompilerOps = {
    .compile = jit::Compile<MacroAssembler>,
    .fill_guard = MacroAssembler::FillGuard,
    .call_reach = MacroAssembler::kCallReach,
};

}  // namespace ebpf::aarch64
