// SPDX-License-Identifier: MIT
//
// From a program to words: first where each instruction's step will be, then
// the steps.
#include "core/interpreter/image.h"

#include "core/helpers/prototype.h"
#include "core/interpreter/fusion.h"
#include "core/interpreter/survey.h"
#include "core/isa/decode.h"
#include "core/memory/buffer.h"

namespace ebpf::interpreter {
namespace {

using isa::DecodedInsn;
using isa::Family;
using isa::Op;

StepOp ProbedLoadOp(Op load) {
#define EBPF_STEP_LOAD_PROBED(type)   \
  if (load == Op::kLoad##type) {      \
    return StepOp::kLoadProbed##type; \
  }
#include "core/interpreter/steps.def"
  return StepOp::kHole;
}

/// Writes the words of a program that Survey went through.
class Translation {
 public:
  Translation(const Program& program, Span<const uint8_t> marks, Fusing fusing,
              Span<uint32_t> positions)
      : program_(program),
        marks_(marks),
        fusing_(fusing),
        fuser_(program, marks),
        positions_(positions) {}

  /// Fills in the positions; how many words the steps take.
  size_t Place();

  /// Writes the steps, and behind them the addresses.
  Status Write(Span<Word> words, size_t step_words);

 private:
  Group Read(size_t index, DecodedInsn& insn) const;
  Status Finish(const DecodedInsn& insn, size_t index, Step& step);
  Status Call(const DecodedInsn& insn, Step& step);
  void EnterFunction(size_t index);

  /// What the frame of the function that is being translated takes.
  int16_t FrameBytes() const {
    return static_cast<int16_t>(function_.stack_bytes + kFrameLinkBytes);
  }
  /// How far it is from behind `step` to the instruction `distance` behind the
  /// one at `index`.
  int32_t DistanceTo(const Step& step, size_t index, int32_t distance) const;

  const Program& program_;
  const Span<const uint8_t> marks_;
  const Fusing fusing_;
  const Fuser fuser_;
  const Span<uint32_t> positions_;  // of each instruction, in words_
  Span<Word> words_;
  size_t next_address_ = 0;
  size_t next_function_ = 0;
  ProgramFunction function_ = {};
};

/// What begins at `index`; `insn`: the last instruction of it.
Group Translation::Read(size_t index, DecodedInsn& insn) const {
  // Survey has decoded all of them.
  (void)isa::DecodeFixed(program_.insns(), index, insn);
  Group group;
  if (fusing_ == Fusing::kNo || IsHole(program_, index)) {
    group.steps[0] = PlainStep(insn);
  } else {
    group = fuser_.At(index, insn);
  }
  if (group.insns != 1) {
    (void)isa::DecodeFixed(program_.insns(), index + group.insns - 1, insn);
  }
  return group;
}

size_t Translation::Place() {
  const size_t count = program_.insns().size();
  size_t words = 0;
  for (size_t index = 0; index < count;) {
    DecodedInsn insn;
    const Group group = Read(index, insn);
    positions_[index] = static_cast<uint32_t>(words);
    words += insn.slots == 2 ? 2 : group.step_count;
    index += insn.slots == 2 ? 2 : group.insns;
  }
  return words;
}

Status Translation::Write(Span<Word> words, size_t step_words) {
  words_ = words;
  next_address_ = step_words;
  const size_t count = program_.insns().size();
  for (size_t index = 0; index < count;) {
    EnterFunction(index);
    DecodedInsn insn;
    Group group = Read(index, insn);
    Word* to = &words_[positions_[index]];
    for (uint32_t i = 0; i < group.step_count; ++i) {
      to[i].step = group.steps[i];
    }
    if (IsHole(program_, index)) {
      to->step.op = StepOp::kHole;
    } else {
      EBPF_TRY(
          Finish(insn, index + group.insns - 1, to[group.step_count - 1].step));
    }
    index += insn.slots == 2 ? 2 : group.insns;
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

int32_t Translation::DistanceTo(const Step& step, size_t index,
                                int32_t distance) const {
  const auto target =
      static_cast<size_t>(static_cast<int64_t>(index) + 1 + distance);
  const auto here = reinterpret_cast<const Word*>(&step) - words_.data();
  return static_cast<int32_t>(int64_t{positions_[target]} - here - 1);
}

/// Fills in what the place of `step` decides: it is of `insn`, at `index`.
Status Translation::Finish(const DecodedInsn& insn, size_t index, Step& step) {
  switch (insn.op) {
    case Op::kLoadImm64:
      reinterpret_cast<Word*>(&step)[1].value = insn.imm64();
      return Status::kOk;
    case Op::kLoadFunc:
      step.imm = DistanceTo(step, index, insn.imm);
      return Status::kOk;
    case Op::kCallSubprogram:
      step.imm = DistanceTo(step, index, insn.imm);
      step.offset = FrameBytes();
      return Status::kOk;
    case Op::kGotoLong:
      step.imm = DistanceTo(step, index, insn.imm);
      return Status::kOk;
    case Op::kTailCall:
      step.offset = function_.depth;
      return Status::kOk;
    case Op::kCallHelper:
    case Op::kCallDirect:
      return Call(insn, step);
    default:
      break;
  }
  if (insn.info().family == Family::kJump || insn.op == Op::kGoto ||
      insn.op == Op::kMayGoto) {
    // No farther than in the program: no instruction takes more words there.
    step.offset = static_cast<int16_t>(DistanceTo(step, index, insn.offset));
  } else if (insn.info().family == Family::kLoad && IsProbed(program_, index)) {
    step.op = ProbedLoadOp(insn.op);
  }
  return Status::kOk;
}

Status Translation::Call(const DecodedInsn& insn, Step& step) {
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
  const auto here = reinterpret_cast<Word*>(&step) - words_.data();
  step.imm = static_cast<int32_t>(static_cast<int64_t>(next_address_) - here);
  words_[next_address_++].value = reinterpret_cast<uint64_t>(function);
  return Status::kOk;
}

}  // namespace

Result<Image*> MakeImage(const Program& program, Fusing fusing) {
  Allocator& allocator = program.allocator();
  const size_t count = program.insns().size();
  if (count > kMaxSteps) {
    return Status::kTooBig;
  }
  Buffer<uint8_t> marks(allocator);
  EBPF_TRY(marks.Allocate(count));
  size_t calls = 0;
  EBPF_TRY(Survey(program, marks.span(), calls));
  Buffer<uint32_t> positions(allocator);
  EBPF_TRY(positions.Allocate(count));
  Translation translation(program, marks.span(), fusing, positions.span());
  const size_t step_words = translation.Place();
  Buffer<Word> words(allocator);
  EBPF_TRY(words.Allocate(step_words + calls));
  EBPF_TRY(translation.Write(words.span(), step_words));
  Image* image = EBPF_TRY(allocator.New<Image>());
  *image = {&allocator, words.Take()};
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
