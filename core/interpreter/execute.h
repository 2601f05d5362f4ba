// SPDX-License-Identifier: MIT
//
// The interpreter's loop.
#pragma once

#include <stdint.h>

#include "core/interpreter/image.h"
#include "core/program/run_context.h"

namespace ebpf::interpreter {

/// Runs `image` from its first step with r1 = context; r0. Stacks and frames
/// are those of `run`. Precondition: the program is verified, the caller is in
/// a read section with preemption off. Context: any.
uint64_t Execute(const Image& image, void* context, RunContext& run);

}  // namespace ebpf::interpreter
