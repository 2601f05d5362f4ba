// SPDX-License-Identifier: MIT
//
// A program as the interpreter runs it: decoded, its helpers looked up.
#pragma once

#include <stdint.h>

#include "core/interpreter/step.h"
#include "core/program/program.h"

namespace ebpf::interpreter {

/// So that each distance between two words fits in an imm.
inline constexpr size_t kMaxSteps = size_t{1} << 30;

struct Image {
  Allocator* allocator;
  /// A step for each slot of the program, then addresses of functions.
  Span<Word> words;
  size_t step_count;

  const Step* first() const { return &words[0].step; }
};

/// Decodes `program`. The steps have only registers, jump targets and functions
/// that exist, and end with an exit or a jump back; see InterpreterEngine() for
/// the errors. Context: task.
Result<Image*> MakeImage(const Program& program);

/// Frees an image, or nothing for null. Context: task.
void FreeImage(Image* image);

}  // namespace ebpf::interpreter
