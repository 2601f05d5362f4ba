// SPDX-License-Identifier: MIT
//
// One step of the interpreter: an instruction, decoded as far as it can be.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/isa/op.h"

namespace ebpf::interpreter {

/// isa::Op's enumerators, and those of steps.def.
enum class StepOp : uint8_t {
#define EBPF_INSN(name, opcode, selector, value, operands, text) k##name,
#include "core/isa/opcodes.def"
#define EBPF_STEP(name) k##name,
#include "core/interpreter/steps.def"
};

inline constexpr size_t kStepOpCount = isa::kOpCount
#define EBPF_STEP(name) +1
#include "core/interpreter/steps.def"
    ;
static_assert(kStepOpCount <= 256);

constexpr StepOp StepOpOf(isa::Op op) { return static_cast<StepOp>(op); }

/// After the program's registers comes one that is always 0.
inline constexpr uint8_t kZeroRegister = isa::kRegisterCount;
inline constexpr unsigned kStepRegisterCount = isa::kRegisterCount + 1;

/// One instruction, or several that do as one.
struct Step {
  StepOp op;
  uint8_t dst;
  /// As in the instruction; arithmetic: the number of lhs, which is dst unless
  /// a copy to dst came before. CallSubprogram: what the caller's frame takes
  /// of the stack; CallHelperThatCallsBack likewise. TailCall: how deep in
  /// calls its function is.
  int16_t offset;
  /// As in the instruction; the number of src in those that read src, of index
  /// and sum (steps.def) beside it. Jumps, LoadFunc: to where, in Words.
  /// CallHelper, CallDirect: where the function's address is, in Words from
  /// here.
  int32_t imm;

  uint8_t lhs() const { return static_cast<uint8_t>(offset); }
  uint8_t src() const { return static_cast<uint8_t>(imm); }
  uint8_t index() const { return static_cast<uint8_t>(imm >> 8); }
  uint8_t sum() const { return static_cast<uint8_t>(imm >> 16); }
};

/// What is not executed, but data: the second slot of LD_IMM64 (its constant),
/// and what follows the last step (addresses).
union Word {
  Step step;
  uint64_t value;
};
static_assert(sizeof(Word) == sizeof(Step) && sizeof(Step) == 8);

}  // namespace ebpf::interpreter
