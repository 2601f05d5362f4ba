// SPDX-License-Identifier: MIT
//
// AArch64's compiler of programs, as core/jit asks for it.
#pragma once

#include "core/machine/machine_ops.h"

namespace ebpf::aarch64 {

[[gnu::visibility("hidden")]] extern const machine::CompilerOps kCompilerOps;

}  // namespace ebpf::aarch64
