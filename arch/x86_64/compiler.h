// SPDX-License-Identifier: MIT
//
// x86-64's compiler of programs, as core/jit asks for it.
#pragma once

#include "core/machine/machine_ops.h"

namespace ebpf::x86_64 {

[[gnu::visibility("hidden")]] extern const machine::CompilerOps kCompilerOps;

}  // namespace ebpf::x86_64
