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
  /// The program's steps, then addresses of functions.
  Span<Word> words;

  const Step* first() const { return &words[0].step; }
};

/// Whether steps stand for several instructions where they can.
enum class Fusing : uint8_t {
  kNo,  // each slot of the program is the word of the same index
  kYes
};

/// Decodes `program`. The steps have only registers, jump targets and functions
/// that exist, and end with an exit or a jump back; see InterpreterEngine() for
/// the errors. Context: task.
Result<Image*> MakeImage(const Program& program, Fusing fusing);

/// Frees an image, or nothing for null. Context: task.
void FreeImage(Image* image);

}  // namespace ebpf::interpreter
