// SPDX-License-Identifier: MIT
//
// Which instructions of a program become one step, and which step.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/interpreter/step.h"
#include "core/isa/decode.h"
#include "core/program/program.h"

namespace ebpf::interpreter {

/// The step of one instruction, or the one or two of several: where there are
/// two, the first executes both.
struct Group {
  uint32_t insns = 1;
  uint32_t step_count = 1;
  Step steps[2] = {};
};

/// The step of `insn`, but for what its place in the image decides (jumps) or
/// who makes the image knows (calls, constants).
Step PlainStep(const isa::DecodedInsn& insn);

/// Reads a program that Survey let through, whose marks are `marks`.
class Fuser {
 public:
  Fuser(const Program& program, Span<const uint8_t> marks)
      : program_(program), marks_(marks) {}

  /// What the instruction at `index`, which is `insn`, becomes with those that
  /// follow it. None but the last of a group goes anywhere else, and nothing
  /// comes to one but the first.
  Group At(size_t index, const isa::DecodedInsn& insn) const;

 private:
  bool Decode(size_t index, isa::DecodedInsn& insn) const;
  bool Follows(size_t index, isa::DecodedInsn& insn) const;
  uint32_t Arithmetic(size_t index, const isa::DecodedInsn& insn,
                      Step& step) const;
  bool Indexed(const isa::DecodedInsn& next, Group& group) const;
  bool Pair(StepOp op, const Step& first, const Step& second, uint32_t insns,
            Group& group) const;
  StepOp ShiftAlu(const Step& shift, Step& operation) const;

  const Program& program_;
  const Span<const uint8_t> marks_;
};

}  // namespace ebpf::interpreter
