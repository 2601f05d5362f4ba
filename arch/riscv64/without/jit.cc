// SPDX-License-Identifier: MIT
//
// In place of arch/riscv64/compiler.cc, where a kernel leaves the compiler out.
#include "arch/riscv64/compiler.h"

namespace ebpf::riscv64 {

constinit const machine::CompilerOps kCompilerOps = {};

}  // namespace ebpf::riscv64
