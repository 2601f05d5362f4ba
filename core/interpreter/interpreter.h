// SPDX-License-Identifier: MIT
//
// The engine that every CPU has: one loop over the instructions.
#pragma once

#include "core/program/engine.h"

namespace ebpf {

/// Executes eBPF step by step. Prepare: kInvalid for what the verifier would
/// not have let through (it is the last to look), kNotSupported for kernel
/// function calls, callx and classic packet access, kNoMemory. Context: any.
Engine& InterpreterEngine();

}  // namespace ebpf
