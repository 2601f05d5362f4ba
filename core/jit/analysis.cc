// SPDX-License-Identifier: MIT
//
// The passes before code is emitted: decode, functions, liveness.
#include "core/jit/analysis.h"

#include "core/helpers/prototype.h"
#include "core/isa/decode.h"
#include "core/jit/liveness.h"

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
  Status MarkTargets();
  Status FindFunctions();

 private:
  bool IsDead(size_t index) const {
    return index < compilation_.facts.size() &&
           compilation_.facts[index].never_reached;
  }
  bool NeverJumps(size_t index, const isa::OpInfo& info) const {
    return info.family == Family::kJump && index < compilation_.facts.size() &&
           compilation_.facts[index].never_jumps;
  }
  bool AlwaysJumps(size_t index, const isa::OpInfo& info) const {
    return info.family == Family::kJump && index < compilation_.facts.size() &&
           compilation_.facts[index].always_jumps;
  }
  Status CheckInsn(const isa::DecodedInsn& insn) const;
  Status Mark(size_t index, Op op);
  void DescribeFunction(FunctionInfo& function, size_t end);
  void DescribeInsn(size_t index, FunctionInfo& function);

  Compilation& compilation_;
  const isa::ConstInsns insns_;
  const Span<InsnState> states_;
  Survey& survey_;
  size_t function_count_ = 0;
};

/// Whether there is code for `insn`, and r10 stays what it is.
Status Analysis::CheckInsn(const isa::DecodedInsn& insn) const {
  const isa::OpInfo& info = insn.info();
  const bool dst_is_r10 = insn.dst == isa::kFramePointer;
  switch (info.family) {
    case Family::kLegacy:
      return Status::kNotSupported;
    case Family::kAlu:
    case Family::kNegate:
    case Family::kByteSwap:
    case Family::kLoad:
    case Family::kLoadAcquire:
      return dst_is_r10 ? Status::kInvalid : Status::kOk;
    case Family::kAtomicFetch:
      return insn.src == isa::kFramePointer ? Status::kInvalid : Status::kOk;
    case Family::kAtomicExchange:
      return info.operation == isa::Operation::kXchg &&
                     insn.src == isa::kFramePointer
                 ? Status::kInvalid
                 : Status::kOk;
    case Family::kLoadImm64:
      if (insn.op != Op::kLoadImm64 && insn.op != Op::kLoadFunc) {
        return Status::kNotSupported;  // addresses by now
      }
      return dst_is_r10 ? Status::kInvalid : Status::kOk;
    default:
      break;
  }
  switch (insn.op) {
    case Op::kCallKernel:
    case Op::kCallRegister:
      return Status::kNotSupported;
    case Op::kLoadRun:
      return dst_is_r10 ? Status::kInvalid : Status::kOk;
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
    default:
      return Status::kOk;
  }
}

/// Fills in op and skipped of each state.
Status Analysis::Decode() {
  bool falls_off = true;
  for (size_t index = 0; index < insns_.size();) {
    isa::DecodedInsn insn;
    if (isa::DecodeFixed(insns_, index, insn) != isa::DecodeError::kNone) {
      return Status::kInvalid;
    }
    InsnState& state = states_[index];
    const bool dead = IsDead(index);
    if (!dead) {
      EBPF_TRY(CheckInsn(insn));
      falls_off = insn.op != Op::kExit && insn.op != Op::kGoto &&
                  insn.op != Op::kGotoLong && !AlwaysJumps(index, insn.info());
    }
    // Jumps that always or never jump are none.
    const bool never = NeverJumps(index, insn.info());
    const Op op = AlwaysJumps(index, insn.info()) ? Op::kGoto : insn.op;
    state.op = static_cast<uint8_t>(dead || never ? kNoOp : op);
    state.skipped = dead || never;
    if (insn.slots == 2) {
      states_[index + 1].op = static_cast<uint8_t>(kNoOp);
      states_[index + 1].skipped = 1;
      // Nothing jumps here: see Mark.
      states_[index + 1].is_target = 1;
    }
    index += insn.slots;
  }
  return falls_off ? Status::kInvalid : Status::kOk;
}

Status Analysis::Mark(size_t index, Op op) {
  const uint32_t target = TargetOf(insns_[index], op, index);
  // Only second slots of LD_IMM64 have the opcode 0.
  const bool inside = target < insns_.size() && insns_[target].opcode != 0;
  if (!inside) {
    return Status::kInvalid;
  }
  InsnState& state = states_[target];
  if (op == Op::kCallSubprogram || op == Op::kLoadFunc) {
    function_count_ += state.is_function == 0 ? 1 : 0;
    state.is_function = 1;
    survey_.uses_callbacks |= op == Op::kLoadFunc;
  } else {
    state.is_target = 1;
  }
  return Status::kOk;
}

/// Fills in is_target and is_function.
Status Analysis::MarkTargets() {
  states_[0].is_function = 1;
  function_count_ = 1;
  for (size_t i = 0; i < insns_.size(); ++i) {
    if (states_[i].skipped) {
      continue;
    }
    const Op op = static_cast<Op>(states_[i].op);
    switch (op) {
      case Op::kGoto:
      case Op::kGotoLong:
      case Op::kMayGoto:
      case Op::kCallSubprogram:
      case Op::kLoadFunc:
        EBPF_TRY(Mark(i, op));
        break;
      default:
        if (isa::InfoOf(op).family == Family::kJump) {
          EBPF_TRY(Mark(i, op));
        }
        break;
    }
  }
  return Status::kOk;
}

void Analysis::DescribeInsn(size_t index, FunctionInfo& function) {
  const isa::Insn& insn = insns_[index];
  const Op op = static_cast<Op>(states_[index].op);
  const isa::OpInfo& info = isa::InfoOf(op);
  uint16_t written = 0;
  bool reads_r10 = false;
  switch (info.family) {
    case Family::kAlu:
    case Family::kStore:
    case Family::kJump:
    case Family::kAtomic:
    case Family::kStoreRelease:
    case Family::kAtomicFetch:
    case Family::kAtomicExchange:
      reads_r10 =
          insn.dst == isa::kFramePointer || insn.src == isa::kFramePointer;
      break;
    case Family::kLoad:
    case Family::kLoadAcquire:
      reads_r10 = insn.src == isa::kFramePointer;
      break;
    default:
      break;
  }
  switch (info.family) {
    case Family::kAlu:
    case Family::kNegate:
    case Family::kByteSwap:
    case Family::kLoad:
    case Family::kLoadAcquire:
    case Family::kLoadImm64:
      written = static_cast<uint16_t>(1u << insn.dst);
      break;
    case Family::kAtomicFetch:
    case Family::kAtomicExchange:
      written = static_cast<uint16_t>(1u << insn.src);
      break;
    default:
      break;
  }
  switch (op) {
    case Op::kCallHelper: {
      function.frame.calls = true;
      const HelperPrototype* helper =
          FindHelper(static_cast<uint32_t>(insn.imm));
      for (const ArgKind kind : helper->args) {
        survey_.uses_run |= kind == ArgKind::kCallback;
      }
      break;
    }
    case Op::kCallDirect:
    case Op::kCallSubprogram:
      function.frame.calls = true;
      break;
    case Op::kTailCall:
      survey_.uses_run = true;
      break;
    case Op::kLoadRun:
      survey_.uses_run = true;
      written = static_cast<uint16_t>(1u << insn.dst);
      break;
    case Op::kMayGoto:
      reads_r10 = true;
      break;
    default:
      break;
  }
  if (info.family == Family::kLoad && index < compilation_.facts.size() &&
      compilation_.facts[index].pointer == PointerKind::kProbed) {
    ++survey_.exception_count;
  }
  function.frame.saved |= written & 0x3c0;  // r6..r9
  function.uses_stack |= reads_r10;
}

void Analysis::DescribeFunction(FunctionInfo& function, size_t end) {
  for (size_t i = function.start; i < end; ++i) {
    if (!states_[i].skipped) {
      DescribeInsn(i, function);
    }
  }
  survey_.uses_stack |= function.uses_stack;
}

Status Analysis::FindFunctions() {
  survey_.functions =
      EBPF_TRY(compilation_.allocator->NewArray<FunctionInfo>(function_count_));
  size_t count = 0;
  for (size_t i = 0; i < insns_.size(); ++i) {
    if (states_[i].is_function) {
      FunctionInfo& function = survey_.functions[count++];
      function.start = static_cast<uint32_t>(i);
      function.stack_bytes = kMaxStackBytes;
      function.depth = count == 1 ? 0 : kMaxFrames - 1;
      states_[i].is_target = 1;
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
  EBPF_TRY(analysis.MarkTargets());
  EBPF_TRY(analysis.FindFunctions());
  ComputeLiveness(compilation);
  return Status::kOk;
}

Status Begin(Compilation& compilation, Survey& survey) {
  Allocator& allocator = *compilation.allocator;
  compilation.states =
      EBPF_TRY(allocator.NewArray<InsnState>(compilation.insns.size() + 1));
  EBPF_TRY(Analyze(compilation, survey));
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
