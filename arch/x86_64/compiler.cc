// SPDX-License-Identifier: MIT
//
// arch/x86_64/compiler.h's table.
#include "arch/x86_64/compiler.h"

#include "arch/x86_64/macro_assembler.h"
#include "core/jit/compiler.h"

namespace ebpf::x86_64 {

constinit const machine::CompilerOps kCompilerOps = {
    .compile = jit::Compile<MacroAssembler>,
    .fill_guard = MacroAssembler::FillGuard,
    .call_reach = MacroAssembler::kCallReach,
};

}  // namespace ebpf::x86_64
