// SPDX-License-Identifier: MIT
//
// The passes before code is emitted: decode, functions, and liveness.h's.
#include "core/jit/analysis.h"

#include "core/helpers/prototype.h"
#include "core/isa/decode.h"
#include "core/jit/liveness.h"
#include "core/jit/op_traits.h"
#include "core/jit/quick_decode.h"

namespace ebpf::jit {
namespace {

using isa::Family;
using isa::Op;

/// What the state of a slot has for an op that nothing matches: of a second
/// slot, and of what is dead.
constexpr Op kNoOp = Op::kExit;

class Analysis {
 public:
  Analysis(Compilation& compilation, Survey& survey)
      : compilation_(compilation),
        insns_(compilation.insns),
        states_(compilation.states),
        survey_(survey) {}

  Status Decode();
  Status FindFunctions();

 private:
  Status CheckInsn(const isa::Insn& insn, Op op, unsigned flags) const;
  Status CheckSpecial(const isa::Insn& insn, Op op) const;
  Status DecodeSlowly(size_t index, Op& op, unsigned& slots) const;
  Status Mark(size_t index, Op op);
  bool ApplyFacts(size_t index, Op& op, unsigned& flags);

  Compilation& compilation_;
  const isa::ConstInsns insns_;
  const Span<InsnState> states_;
  Survey& survey_;
  size_t function_count_ = 1;
};

/// Whether there is code for `insn`, and r10 stays what it is.
Status Analysis::CheckInsn(const isa::Insn& insn, Op op, unsigned flags) const {
  if ((insn.dst == isa::kFramePointer && (flags & OpTraits::kWritesDst) != 0) ||
      (insn.src == isa::kFramePointer && (flags & OpTraits::kWritesSrc) != 0)) {
    return Status::kInvalid;
  }
  if ((flags & OpTraits::kSpecial) == 0 &&
      TraitsOf(op).family != Family::kLoadImm64) [[likely]] {
    return Status::kOk;
  }
  return CheckSpecial(insn, op);
}

Status Analysis::CheckSpecial(const isa::Insn& insn, Op op) const {
  switch (op) {
    case Op::kCallHelper: {
      const HelperPrototype* helper =
          FindHelper(static_cast<uint32_t>(insn.imm));
      return helper == nullptr || helper->function == nullptr ? Status::kInvalid
                                                              : Status::kOk;
    }
    case Op::kCallDirect:
      return static_cast<uint32_t>(insn.imm) >= compilation_.direct_calls.size()
                 ? Status::kInvalid
                 : Status::kOk;
    case Op::kLoadImm64:
    case Op::kLoadFunc:
    case Op::kCallSubprogram:
    case Op::kTailCall:
    case Op::kExit:
    case Op::kAtomicCmpXchg32:
    case Op::kAtomicCmpXchg64:
      return Status::kOk;
    default:
      return Status::kNotSupported;  // maps are addresses by now
  }
}

Status Analysis::DecodeSlowly(size_t index, Op& op, unsigned& slots) const {
  isa::DecodedInsn insn;
  if (isa::DecodeFixed(insns_, index, insn) != isa::DecodeError::kNone) {
    return Status::kInvalid;
  }
  op = insn.op;
  slots = insn.slots;
  return Status::kOk;
}

Status Analysis::Mark(size_t index, Op op) {
  const uint32_t target = TargetOf(insns_[index], op, index);
  // Only second slots of LD_IMM64 have the opcode 0.
  if (target >= insns_.size() || insns_[target].opcode == 0) {
    return Status::kInvalid;
  }
  survey_.loops |= target <= index;
  InsnState& state = states_[target];
  if (op == Op::kCallSubprogram || op == Op::kLoadFunc) {
    function_count_ += state.is_function == 0 ? 1 : 0;
    state.is_function = 1;
    state.is_target = 1;
    survey_.uses_callbacks |= op == Op::kLoadFunc;
  } else {
    state.is_target = 1;
  }
  return Status::kOk;
}

/// Fills in op, skipped, is_target and is_function of each state.
Status Analysis::Decode() {
  states_[0].is_function = 1;
  states_[0].is_target = 1;
  const bool has_facts = !compilation_.facts.empty();
  bool falls_off = true;
  for (size_t index = 0; index < insns_.size(); ++index) {
    const isa::Insn& insn = insns_[index];
    const QuickRow& row = QuickRowOf(insn.opcode);
    Op op = static_cast<Op>(row.op);
    unsigned slots = 1;
    if (!Matches(row, insn)) [[unlikely]] {
      EBPF_TRY(DecodeSlowly(index, op, slots));
    }
    unsigned flags = TraitsOf(op).flags;
    bool dead = false;
    if (has_facts) {
      dead = ApplyFacts(index, op, flags);
    }
    InsnState& state = states_[index];
    state.op = static_cast<uint8_t>(dead ? kNoOp : op);
    if (!dead) [[likely]] {
      EBPF_TRY(CheckInsn(insn, op, flags));
      falls_off = (flags & OpTraits::kEndsPath) == 0;
      if ((flags & OpTraits::kJumps) != 0) {
        EBPF_TRY(Mark(index, op));
      }
    } else {
      state.skipped = 1;
    }
    if (slots == 2) {
      InsnState& second = states_[++index];
      second.op = static_cast<uint8_t>(kNoOp);
      second.skipped = 1;
      second.is_target = 1;  // joins nothing
    }
  }
  return falls_off ? Status::kInvalid : Status::kOk;
}

/// Jumps that always or never jump are none. Whether `op` is dead.
bool Analysis::ApplyFacts(size_t index, Op& op, unsigned& flags) {
  const InsnFacts facts = index < compilation_.facts.size()
                              ? compilation_.facts[index]
                              : InsnFacts{};
  if (facts.never_reached) {
    return true;
  }
  const Family family = TraitsOf(op).family;
  if (family == Family::kLoad) {
    survey_.exception_count += facts.pointer == PointerKind::kProbed ? 1 : 0;
  } else if (family == Family::kJump) {
    if (facts.never_jumps) {
      return true;
    }
    if (facts.always_jumps) {
      op = Op::kGoto;
      flags = TraitsOf(op).flags;
    }
  }
  return false;
}

Status Analysis::FindFunctions() {
  survey_.functions =
      EBPF_TRY(compilation_.allocator->NewArray<FunctionInfo>(function_count_));
  size_t count = 0;
  for (size_t i = 0; count < function_count_; ++i) {
    if (states_[i].is_function) {
      FunctionInfo& function = survey_.functions[count++];
      function.start = static_cast<uint32_t>(i);
      function.stack_bytes = kMaxStackBytes;
      function.depth = count == 1 ? 0 : kMaxFrames - 1;
    }
  }
  for (const ProgramFunction& known : compilation_.functions) {
    if (known.start < insns_.size() && states_[known.start].is_function) {
      FunctionInfo& function = survey_.At(known.start);
      function.stack_bytes = known.stack_bytes;
      function.depth = known.depth;
    }
  }
  return Status::kOk;
}

}  // namespace

FunctionInfo& Survey::At(uint32_t start) const {
  size_t low = 0;
  size_t high = functions.size();
  while (high - low > 1) {
    const size_t middle = (low + high) / 2;
    if (functions[middle].start <= start) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return functions[low];
}

Status Analyze(Compilation& compilation, Survey& survey,
               const CodeBounds* bounds) {
  if (compilation.insns.empty()) {
    return Status::kInvalid;
  }
  Analysis analysis(compilation, survey);
  EBPF_TRY(analysis.Decode());
  EBPF_TRY(analysis.FindFunctions());
  DescribeRegisters(compilation, survey, bounds);
  return Status::kOk;
}

Status Begin(Compilation& compilation, Survey& survey,
             const CodeBounds* bounds) {
  Allocator& allocator = *compilation.allocator;
  compilation.states =
      EBPF_TRY(allocator.NewArray<InsnState>(compilation.insns.size() + 1));
  EBPF_TRY(Analyze(compilation, survey, bounds));
  if (survey.exception_count != 0 &&
      compilation.options.nofault_range_count == 0) {
    return Status::kNotSupported;
  }
  compilation.exceptions =
      EBPF_TRY(allocator.NewArray<ExceptionEntry>(survey.exception_count));
  return Status::kOk;
}

Status End(Compilation& compilation, Survey& survey, Status status) {
  Allocator& allocator = *compilation.allocator;
  allocator.DeleteArray(survey.functions);
  if (!IsOk(status)) {
    allocator.DeleteArray(compilation.states);
    allocator.DeleteArray(compilation.exceptions);
    compilation.states = {};
    compilation.exceptions = {};
  }
  return status;
}

}  // namespace ebpf::jit
