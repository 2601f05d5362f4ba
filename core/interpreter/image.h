// SPDX-License-Identifier: MIT
//
// A program as the interpreter runs it: decoded, its helpers looked up.
#pragma once

#include <stdint.h>

#include "core/helpers/prototype.h"
#include "core/isa/op.h"
#include "core/program/program.h"

namespace ebpf::interpreter {

/// One slot of the program, at the same index.
struct Step {
  isa::Op op;
  uint8_t dst : 4;
  uint8_t src : 4;
  int16_t offset;
  /// As in the instruction, but: of a helper call, the index in
  /// Image::helpers; in the second slot of LD_IMM64, the constant's upper half.
  int32_t imm;
};
static_assert(sizeof(Step) == 8);

struct Image {
  Allocator* allocator;
  Span<Step> steps;
  /// The functions that the program calls, one entry per call.
  Span<HelperFunction> helpers;
};

/// Decodes `program`. The steps have only registers, jump targets and helpers
/// that exist, and end with an exit or a jump back; see InterpreterEngine() for
/// the errors. Context: task.
Result<Image*> MakeImage(const Program& program);

/// Frees an image, or nothing for null. Context: task.
void FreeImage(Image* image);

}  // namespace ebpf::interpreter
