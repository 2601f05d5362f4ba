// SPDX-License-Identifier: MIT
//
// The passes before code is emitted: decode, functions, liveness.
#include "core/jit/analysis.h"

#include "core/helpers/prototype.h"
#include "core/isa/decode.h"
#include "core/jit/liveness.h"
#include "core/jit/op_traits.h"

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
  Status CheckInsn(const isa::DecodedInsn& insn, const OpTraits& traits) const;
  Status Mark(size_t index, Op op);
  void DescribeFunction(FunctionInfo& function, size_t end);
  void DescribeSpecial(size_t index, Op op, FunctionInfo& function);

  Compilation& compilation_;
  const isa::ConstInsns insns_;
  const Span<InsnState> states_;
  Survey& survey_;
  size_t function_count_ = 1;
  bool calls_c_ = false;
};

/// Whether there is code for `insn`, and r10 stays what it is.
Status Analysis::CheckInsn(const isa::DecodedInsn& insn,
                           const OpTraits& traits) const {
  const unsigned writes =
      (traits.Has(OpTraits::kWritesDst) && insn.dst == isa::kFramePointer) ||
      (traits.Has(OpTraits::kWritesSrc) && insn.src == isa::kFramePointer);
  if (writes) {
    return Status::kInvalid;
  }
  if (!traits.Has(OpTraits::kSpecial) && traits.family != Family::kLoadImm64)
      [[likely]] {
    return Status::kOk;
  }
  switch (insn.op) {
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
  bool falls_off = true;
  for (size_t index = 0; index < insns_.size(); ++index) {
    isa::DecodedInsn insn;
    if (isa::DecodeFixed(insns_, index, insn) != isa::DecodeError::kNone) {
      return Status::kInvalid;
    }
    const InsnFacts facts = index < compilation_.facts.size()
                                ? compilation_.facts[index]
                                : InsnFacts{};
    Op op = insn.op;
    OpTraits traits = TraitsOf(op);
    bool dead = facts.never_reached;
    if (traits.family == Family::kJump) {
      // Jumps that always or never jump are none.
      dead = dead || facts.never_jumps;
      if (facts.always_jumps) {
        op = Op::kGoto;
        traits = TraitsOf(op);
      }
    }
    InsnState& state = states_[index];
    state.op = static_cast<uint8_t>(dead ? kNoOp : op);
    state.skipped = dead;
    if (!dead) {
      EBPF_TRY(CheckInsn(insn, traits));
      falls_off = !traits.Has(OpTraits::kEndsPath);
      if (traits.Has(OpTraits::kJumps)) {
        EBPF_TRY(Mark(index, op));
      }
    }
    if (insn.slots == 2) {
      InsnState& second = states_[++index];
      second.op = static_cast<uint8_t>(kNoOp);
      second.skipped = 1;
      second.is_target = 1;  // joins nothing
    }
  }
  return falls_off ? Status::kInvalid : Status::kOk;
}

void Analysis::DescribeSpecial(size_t index, Op op, FunctionInfo& function) {
  switch (op) {
    case Op::kCallHelper: {
      function.frame.calls = true;
      calls_c_ = true;
      const HelperPrototype* helper =
          FindHelper(static_cast<uint32_t>(insns_[index].imm));
      for (const ArgKind kind : helper->args) {
        survey_.uses_run |= kind == ArgKind::kCallback;
      }
      break;
    }
    case Op::kCallDirect:
      calls_c_ = true;
      [[fallthrough]];
    case Op::kCallSubprogram:
      function.frame.calls = true;
      break;
    case Op::kTailCall:
      survey_.uses_run = true;
      break;
    default:
      break;
  }
}

void Analysis::DescribeFunction(FunctionInfo& function, size_t end) {
  using T = OpTraits;
  unsigned written = 0;
  unsigned read = 0;
  for (size_t i = function.start; i < end; ++i) {
    if (states_[i].skipped) {
      continue;
    }
    const Op op = static_cast<Op>(states_[i].op);
    const OpTraits traits = TraitsOf(op);
    const unsigned dst = 1u << insns_[i].dst;
    const unsigned src = 1u << insns_[i].src;
    written |= (traits.Has(T::kWritesDst) ? dst : 0) |
               (traits.Has(T::kWritesSrc) ? src : 0);
    read |= (traits.Has(T::kReadsDst) ? dst : 0) |
            (traits.Has(T::kReadsSrc) ? src : 0);
    if (traits.Has(T::kSpecial)) {
      DescribeSpecial(i, op, function);
    } else if (op == Op::kLoadRun || op == Op::kMayGoto) {
      survey_.uses_run |= op == Op::kLoadRun;
      read |= 1u << isa::kFramePointer;
    } else if (traits.family == Family::kLoad &&
               i < compilation_.facts.size() &&
               compilation_.facts[i].pointer == PointerKind::kProbed) {
      ++survey_.exception_count;
    }
  }
  function.frame.saved = written & 0x3c0;  // r6..r9
  function.uses_stack = (read >> isa::kFramePointer & 1) != 0;
  survey_.uses_stack |= function.uses_stack;
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
  for (size_t f = 0; f < count; ++f) {
    DescribeFunction(survey_.functions[f], f + 1 < count
                                               ? survey_.functions[f + 1].start
                                               : insns_.size());
  }
  for (FunctionInfo& function : survey_.functions) {
    function.frame.calls_c = calls_c_;
  }
  survey_.uses_stack |= survey_.uses_run;
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

Status Analyze(Compilation& compilation, Survey& survey) {
  if (compilation.insns.empty()) {
    return Status::kInvalid;
  }
  Analysis analysis(compilation, survey);
  EBPF_TRY(analysis.Decode());
  EBPF_TRY(analysis.FindFunctions());
  ComputeLiveness(compilation, survey.loops);
  return Status::kOk;
}

Status Begin(Compilation& compilation, Survey& survey) {
  Allocator& allocator = *compilation.allocator;
  compilation.states =
      EBPF_TRY(allocator.NewArray<InsnState>(compilation.insns.size() + 1));
  EBPF_TRY(Analyze(compilation, survey));
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
