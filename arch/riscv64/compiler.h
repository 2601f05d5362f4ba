// SPDX-License-Identifier: MIT
//
// RISC-V's compiler of programs, as core/jit asks for it.
#pragma once

#include "core/machine/machine_ops.h"

namespace ebpf::riscv64 {

[[gnu::visibility("hidden")]] extern const machine::CompilerOps kCompilerOps;

}  // namespace ebpf::riscv64
