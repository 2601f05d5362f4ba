// SPDX-License-Identifier: MIT
//
// In place of arch/x86_64/compiler.cc, where a kernel leaves the compiler out.
#include "arch/x86_64/compiler.h"

namespace ebpf::x86_64 {

constinit const machine::CompilerOps kCompilerOps = {};

}  // namespace ebpf::x86_64
