// SPDX-License-Identifier: MIT
//
// In place of arch/aarch64/compiler.cc, where a kernel leaves the compiler out.
#include "arch/aarch64/compiler.h"

namespace ebpf::aarch64 {

constinit const machine::CompilerOps kCompilerOps = {};

}  // namespace ebpf::aarch64
