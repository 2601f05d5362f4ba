// SPDX-License-Identifier: MIT
//
// Decoding a whole program, with the checks that keep the loop inside it.
#include "core/interpreter/image.h"

#include "core/helpers/prototype.h"
#include "core/isa/decode.h"
#include "core/memory/buffer.h"

namespace ebpf::interpreter {
namespace {

using isa::DecodedInsn;
using isa::Family;
using isa::Op;

/// Clients leave code in their programs for what a kernel may lack, behind a
/// condition that says so: a call of a helper that is not there is no mistake
/// where the verifier saw that no path comes.
bool IsHole(const Program& program, size_t index) {
  return index < program.facts().size() && program.facts()[index].never_reached;
}

bool IsProbed(const Program& program, size_t index) {
  return index < program.facts().size() &&
         program.facts()[index].pointer == PointerKind::kProbed;
}

/// Whether control can come to the slot behind an instruction.
bool FallsThrough(Op op) {
  return op != Op::kExit && op != Op::kGoto && op != Op::kGotoLong;
}

/// What Survey finds of each slot.
enum Mark : uint8_t { kBeginsInsn = 1, kBeginsFunction = 2 };

/// Whether `marks[target]` exists and begins an instruction.
Status CheckTarget(Span<const uint8_t> marks, int64_t target) {
  const bool right = target >= 0 &&
                     target < static_cast<int64_t>(marks.size()) &&
                     (marks[static_cast<size_t>(target)] & kBeginsInsn) != 0;
  return right ? Status::kOk : Status::kInvalid;
}

/// Where `insn` at `index` may go besides the next instruction.
Status CheckFlow(const DecodedInsn& insn, size_t index,
                 Span<const uint8_t> marks) {
  const int64_t next = static_cast<int64_t>(index) + 1;
  switch (insn.op) {
    case Op::kGoto:
    case Op::kGotoLong:
    case Op::kMayGoto:
      return CheckTarget(marks, next + insn.jump_offset());
    case Op::kCallSubprogram:
    case Op::kLoadFunc:
      return CheckTarget(marks, next + insn.imm);
    default:
      return insn.info().family == Family::kJump
                 ? CheckTarget(marks, next + insn.jump_offset())
                 : Status::kOk;
  }
}

/// The register that `insn` gives a value that can be any; r0's number, which
/// is as good as none, where there is no such register.
uint8_t WrittenRegister(const DecodedInsn& insn) {
  switch (insn.info().family) {
    case Family::kAlu:
    case Family::kNegate:
    case Family::kByteSwap:
    case Family::kLoad:
    case Family::kLoadAcquire:
    case Family::kLoadImm64:
    case Family::kInternal:  // where it is 0, if it is not used
      return insn.dst;
    case Family::kAtomicFetch:
      return insn.src;
    case Family::kAtomicExchange:
      return insn.info().operation == isa::Operation::kXchg ? insn.src : 0;
    default:
      return 0;
  }
}

/// Whether the interpreter knows what `insn` does, and it writes no r10.
Status CheckSupported(const DecodedInsn& insn, const ProgramParts& parts) {
  if (WrittenRegister(insn) == isa::kFramePointer) {
    return Status::kInvalid;
  }
  switch (insn.op) {
    case Op::kCallKernel:
    case Op::kCallRegister:
    // Maps have become addresses before a program is made.
    case Op::kLoadMapFd:
    case Op::kLoadMapValue:
    case Op::kLoadBtfId:
    case Op::kLoadMapIdx:
    case Op::kLoadMapIdxValue:
      return Status::kNotSupported;
    case Op::kCallDirect:
      return static_cast<uint32_t>(insn.imm) < parts.direct_calls.size()
                 ? Status::kOk
                 : Status::kInvalid;
    case Op::kMayGoto:
      return insn.imm < 0 && insn.imm % 8 == 0 &&
                     insn.imm >= -static_cast<int32_t>(kMaxStackBytes)
                 ? Status::kOk
                 : Status::kInvalid;
    default:
      return insn.info().family == Family::kLegacy ? Status::kNotSupported
                                                   : Status::kOk;
  }
}

/// Marks what `insn` calls, if it calls anything that is there.
void MarkFunction(const DecodedInsn& insn, size_t index, Span<uint8_t> marks) {
  if (insn.op != Op::kCallSubprogram && insn.op != Op::kLoadFunc) {
    return;
  }
  const int64_t target = static_cast<int64_t>(index) + 1 + insn.imm;
  if (target >= 0 && target < static_cast<int64_t>(marks.size())) {
    marks[static_cast<size_t>(target)] |= kBeginsFunction;
  }
}

/// Fills in `marks` and counts the calls of C functions.
Status Survey(const Program& program, Span<uint8_t> marks, size_t& calls) {
  const isa::ConstInsns insns = program.insns();
  bool falls_off = true;
  for (size_t index = 0; index < insns.size();) {
    DecodedInsn insn;
    if (isa::DecodeFixed(insns, index, insn) != isa::DecodeError::kNone) {
      return Status::kInvalid;
    }
    marks[index] |= kBeginsInsn;
    falls_off = false;
    if (!IsHole(program, index)) {
      EBPF_TRY(CheckSupported(insn, program.parts()));
      calls += insn.op == Op::kCallHelper || insn.op == Op::kCallDirect;
      falls_off = FallsThrough(insn.op);
      MarkFunction(insn, index, marks);
    }
    index += insn.slots;
  }
  return falls_off ? Status::kInvalid : Status::kOk;
}

StepOp ProbedLoad(Op op) {
  constexpr int kDistance = static_cast<int>(StepOp::kLoadProbedU8) -
                            static_cast<int>(StepOp::kLoadU8);
  static_assert(static_cast<int>(StepOp::kLoadProbedS32) -
                    static_cast<int>(StepOp::kLoadS32) ==
                kDistance);
  return static_cast<StepOp>(static_cast<int>(op) + kDistance);
}

bool CallsBack(const HelperPrototype& helper) {
  for (const ArgKind kind : helper.args) {
    if (kind == ArgKind::kCallback) {
      return true;
    }
  }
  return false;
}

/// Writes the words of a program that Survey went through.
class Translation {
 public:
  Translation(const Program& program, Span<const uint8_t> marks,
              Span<Word> words)
      : program_(program),
        marks_(marks),
        words_(words),
        next_address_(program.insns().size()) {}

  Status Run();

 private:
  Status Translate(const DecodedInsn& insn, size_t index);
  Status Call(const DecodedInsn& insn, size_t index, Step& step);
  void EnterFunction(size_t index);

  /// What the frame of the function that is being translated takes.
  int16_t FrameBytes() const {
    return static_cast<int16_t>(function_.stack_bytes + kFrameLinkBytes);
  }

  const Program& program_;
  const Span<const uint8_t> marks_;
  const Span<Word> words_;
  size_t next_address_;
  size_t next_function_ = 0;
  ProgramFunction function_ = {};
};

Status Translation::Run() {
  const isa::ConstInsns insns = program_.insns();
  for (size_t index = 0; index < insns.size();) {
    DecodedInsn insn;
    if (isa::DecodeFixed(insns, index, insn) != isa::DecodeError::kNone) {
      return Status::kInvalid;
    }
    EnterFunction(index);
    if (IsHole(program_, index)) {
      words_[index].step.op = StepOp::kHole;
    } else {
      EBPF_TRY(Translate(insn, index));
    }
    index += insn.slots;
  }
  return Status::kOk;
}

// Of a function of which nobody told, the worst is assumed. As core/jit does:
// both engines are to count the same.
void Translation::EnterFunction(size_t index) {
  if (index == 0) {
    function_ = {0, kMaxStackBytes, 0, true};
  } else if ((marks_[index] & kBeginsFunction) != 0) {
    function_ = {0, kMaxStackBytes, kMaxFrames - 1, true};
  }
  const Span<ProgramFunction> functions = program_.parts().functions;
  if (next_function_ < functions.size() &&
      functions[next_function_].start == index) {
    function_ = functions[next_function_++];
  }
}

Status Translation::Translate(const DecodedInsn& insn, size_t index) {
  EBPF_TRY(CheckFlow(insn, index, marks_));
  Step& step = words_[index].step;
  step.op = StepOpOf(insn.op);
  step.dst = insn.dst;
  step.offset = insn.offset;
  step.imm = (insn.info().operands & isa::kSrc) != 0 ? insn.src : insn.imm;
  switch (insn.op) {
    case Op::kLoadImm64:
      words_[index + 1].value = insn.imm64();
      return Status::kOk;
    case Op::kCallSubprogram:
      step.offset = FrameBytes();
      return Status::kOk;
    case Op::kTailCall:
      step.offset = function_.depth;
      return Status::kOk;
    case Op::kCallHelper:
    case Op::kCallDirect:
      return Call(insn, index, step);
    default:
      if (insn.info().family == Family::kLoad && IsProbed(program_, index)) {
        step.op = ProbedLoad(insn.op);
      }
      return Status::kOk;
  }
}

Status Translation::Call(const DecodedInsn& insn, size_t index, Step& step) {
  DirectCall function = nullptr;
  if (insn.op == Op::kCallDirect) {
    function = program_.parts().direct_calls[static_cast<uint32_t>(insn.imm)];
  } else {
    const HelperPrototype* helper = FindHelper(static_cast<uint32_t>(insn.imm));
    if (helper == nullptr || helper->function == nullptr) {
      return Status::kInvalid;
    }
    if (CallsBack(*helper)) {
      step.op = StepOp::kCallHelperThatCallsBack;
      step.offset = FrameBytes();
    }
    function = helper->function;
  }
  step.imm = static_cast<int32_t>(next_address_ - index);
  words_[next_address_++].value = reinterpret_cast<uint64_t>(function);
  return Status::kOk;
}

}  // namespace

Result<Image*> MakeImage(const Program& program) {
  Allocator& allocator = program.allocator();
  const size_t count = program.insns().size();
  if (count > kMaxSteps) {
    return Status::kTooBig;
  }
  Buffer<uint8_t> marks(allocator);
  EBPF_TRY(marks.Allocate(count));
  size_t calls = 0;
  EBPF_TRY(Survey(program, marks.span(), calls));
  Buffer<Word> words(allocator);
  EBPF_TRY(words.Allocate(count + calls));
  EBPF_TRY(Translation(program, marks.span(), words.span()).Run());
  Image* image = EBPF_TRY(allocator.New<Image>());
  *image = {&allocator, words.Take(), count};
  return image;
}

void FreeImage(Image* image) {
  if (image == nullptr) {
    return;
  }
  Allocator& allocator = *image->allocator;
  allocator.DeleteArray(image->words);
  allocator.Delete(image);
}

}  // namespace ebpf::interpreter
