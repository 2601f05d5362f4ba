// SPDX-License-Identifier: MIT
//
// What the compiler knows of a whole program before it emits code.
#pragma once

#include <stdint.h>

#include "core/jit/compilation.h"
#include "core/machine/macro_assembler.h"

namespace ebpf::jit {

/// A function of the program, as it is compiled.
struct FunctionInfo {
  uint32_t start;   // its first instruction's index
  uint32_t offset;  // where its prologue is: as InsnState::offset
  uint16_t stack_bytes;
  uint8_t depth;
  /// Of code behind the call in each call that moves r10.
  uint8_t trailing_bytes;
  bool uses_stack;  // reads r10
  machine::FrameInfo frame;
};

/// What holds for the whole program.
struct Survey {
  Span<FunctionInfo> functions;  // by start; freed by who holds the Survey
  bool uses_run = false;         // something needs the word at r10
  bool uses_stack = false;       // some function reads r10, or uses_run
  bool loops = false;            // some jump or call goes back
  bool uses_callbacks = false;   // LD_IMM64 of a function
  uint32_t exception_count = 0;  // loads of kProbed memory, at most

  /// The function that starts at `start`, which one does.
  FunctionInfo& At(uint32_t start) const;
};

/// The most bytes that an instruction's code has, for macro assemblers that
/// know it. See machine::MacroAssemblerFor's kKnowsSizes.
struct CodeBounds {
  machine::CodeSize of[isa::kOpCount];
  uint8_t prologue = 0;
  uint8_t probed = 0;  // more, for a load of kProbed memory
};

/// Decodes and checks `compilation.insns`, and fills in its states but for
/// offsets and forms, and `survey`. With `bounds`, `offset` is the most bytes
/// of code from the instruction on, to the program's end. kInvalid for what
/// leaves the program or its registers, kNotSupported for what no engine has,
/// kNoMemory. Context: task.
Status Analyze(Compilation& compilation, Survey& survey,
               const CodeBounds* bounds);

/// Before a compilation: allocates what Compilation gives back, and analyses.
/// After it, whatever `Begin` said, comes `End`.
Status Begin(Compilation& compilation, Survey& survey,
             const CodeBounds* bounds = nullptr);

/// Frees what only the compiler needed; after an error, all. `status`.
Status End(Compilation& compilation, Survey& survey, Status status);

/// Where the jump, call or function address at `index` goes to.
inline uint32_t TargetOf(const isa::Insn& insn, isa::Op op, size_t index) {
  const bool in_imm = op == isa::Op::kGotoLong ||
                      op == isa::Op::kCallSubprogram ||
                      op == isa::Op::kLoadFunc;
  return static_cast<uint32_t>(static_cast<int64_t>(index) + 1 +
                               (in_imm ? insn.imm : insn.offset));
}

}  // namespace ebpf::jit
