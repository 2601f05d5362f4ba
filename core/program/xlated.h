// SPDX-License-Identifier: MIT
//
// A program's instructions as they run, in what clients know: for dumps.
#pragma once

#include <stdint.h>

#include "core/isa/insn.h"
#include "core/program/program.h"

namespace ebpf {

/// Instruction `index` of `program`, with maps by id in the place of addresses,
/// and with the calls that internal instructions stand for. What has no form
/// outside (`r = run`) is a move of 0. Context: task.
isa::Insn XlatedInsn(const Program& program, uint32_t index);

/// The tag of one of the program's functions: of its instructions as
/// XlatedInsn gives them. Context: task.
void ComputeFunctionTag(const Program& program, uint32_t function,
                        uint8_t (&tag)[kTagSize]);

}  // namespace ebpf
