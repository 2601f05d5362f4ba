// SPDX-License-Identifier: MIT
//
// Decoding a whole program, with the checks that keep the loop inside it.
#include "core/interpreter/image.h"

#include "core/isa/decode.h"
#include "core/memory/buffer.h"

namespace ebpf::interpreter {
namespace {

/// What a slot is that no jump may go to, or no path comes to.
constexpr isa::Op kHole = isa::Op::kExit;

/// Clients leave code in their programs for what a kernel may lack, behind a
/// condition that says so: a call of a helper that is not there is no mistake
/// where the verifier saw that no path comes.
bool IsHole(const Program& program, size_t index) {
  return index < program.facts().size() && program.facts()[index].never_reached;
}

/// Whether control can come to the slot behind an instruction.
bool FallsThrough(isa::Op op) {
  return op != isa::Op::kExit && op != isa::Op::kGoto &&
         op != isa::Op::kGotoLong;
}

/// Whether `insns[target]` exists and begins an instruction.
Status CheckTarget(Span<const uint8_t> starts, int64_t target) {
  const bool right = target >= 0 &&
                     target < static_cast<int64_t>(starts.size()) &&
                     starts[static_cast<size_t>(target)] != 0;
  return right ? Status::kOk : Status::kInvalid;
}

/// Where `insn` at `index` may go besides the next instruction.
Status CheckFlow(const isa::DecodedInsn& insn, size_t index,
                 Span<const uint8_t> starts) {
  const int64_t next = static_cast<int64_t>(index) + 1;
  switch (insn.op) {
    case isa::Op::kGoto:
    case isa::Op::kGotoLong:
      return CheckTarget(starts, next + insn.jump_offset());
    case isa::Op::kCallSubprogram:
    case isa::Op::kLoadFunc:
      return CheckTarget(starts, next + insn.imm);
    default:
      return insn.info().family == isa::Family::kJump
                 ? CheckTarget(starts, next + insn.jump_offset())
                 : Status::kOk;
  }
}

/// Whether the interpreter knows what `insn` does, and it writes no r10.
Status CheckSupported(const isa::DecodedInsn& insn) {
  switch (insn.info().family) {
    case isa::Family::kLegacy:
      return Status::kNotSupported;
    case isa::Family::kAlu:
    case isa::Family::kNegate:
    case isa::Family::kByteSwap:
    case isa::Family::kLoad:
      return insn.dst == isa::kFramePointer ? Status::kInvalid : Status::kOk;
    case isa::Family::kAtomicFetch:
      return insn.src == isa::kFramePointer ? Status::kInvalid : Status::kOk;
    case isa::Family::kAtomicExchange:
      return insn.op != isa::Op::kAtomicCmpXchg32 &&
                     insn.op != isa::Op::kAtomicCmpXchg64 &&
                     insn.src == isa::kFramePointer
                 ? Status::kInvalid
                 : Status::kOk;
    case isa::Family::kLoadImm64:
      if (insn.dst == isa::kFramePointer) {
        return Status::kInvalid;
      }
      // Maps have become addresses before a program is made.
      return insn.op == isa::Op::kLoadImm64 || insn.op == isa::Op::kLoadFunc
                 ? Status::kOk
                 : Status::kNotSupported;
    default:
      return insn.op == isa::Op::kCallKernel ||
                     insn.op == isa::Op::kCallRegister
                 ? Status::kNotSupported
                 : Status::kOk;
  }
}

/// Fills in `starts` (1 where an instruction begins) and counts helper calls.
Status Survey(const Program& program, Span<uint8_t> starts,
              size_t& helper_calls) {
  const isa::ConstInsns insns = program.insns();
  bool falls_off = true;
  for (size_t index = 0; index < insns.size();) {
    isa::DecodedInsn insn;
    if (isa::Decode(insns, index, insn) != isa::DecodeError::kNone) {
      return Status::kInvalid;
    }
    starts[index] = 1;
    falls_off = false;
    if (!IsHole(program, index)) {
      EBPF_TRY(CheckSupported(insn));
      helper_calls += insn.op == isa::Op::kCallHelper ? 1 : 0;
      falls_off = FallsThrough(insn.op);
    }
    index += insn.slots;
  }
  return falls_off ? Status::kInvalid : Status::kOk;
}

/// Writes the steps of a program that Survey went through.
Status Translate(const Program& program, Span<const uint8_t> starts,
                 Image& image) {
  const isa::ConstInsns insns = program.insns();
  size_t helper_count = 0;
  for (size_t index = 0; index < insns.size();) {
    isa::DecodedInsn insn;
    if (isa::Decode(insns, index, insn) != isa::DecodeError::kNone) {
      return Status::kInvalid;
    }
    Step& step = image.steps[index];
    if (IsHole(program, index)) {
      step.op = kHole;
      image.steps[index + insn.slots - 1].op = kHole;
      index += insn.slots;
      continue;
    }
    EBPF_TRY(CheckFlow(insn, index, starts));
    step.op = insn.op;
    step.dst = insn.dst & 0xf;
    step.src = insn.src & 0xf;
    step.offset = insn.offset;
    step.imm = insn.imm;
    if (insn.slots == 2) {
      image.steps[index + 1].op = kHole;
      image.steps[index + 1].imm = insn.next_imm;
    }
    if (insn.op == isa::Op::kCallHelper) {
      const HelperPrototype* helper =
          FindHelper(static_cast<uint32_t>(insn.imm));
      if (helper == nullptr || helper->function == nullptr) {
        return Status::kInvalid;
      }
      step.imm = static_cast<int32_t>(helper_count);
      image.helpers[helper_count++] = helper->function;
    }
    index += insn.slots;
  }
  return Status::kOk;
}

}  // namespace

Result<Image*> MakeImage(const Program& program) {
  Allocator& allocator = program.allocator();
  const isa::ConstInsns insns = program.insns();
  Buffer<uint8_t> starts(allocator);
  EBPF_TRY(starts.Allocate(insns.size()));
  size_t helper_calls = 0;
  EBPF_TRY(Survey(program, starts.span(), helper_calls));
  Buffer<Step> steps(allocator);
  EBPF_TRY(steps.Allocate(insns.size()));
  Buffer<HelperFunction> helpers(allocator);
  EBPF_TRY(helpers.Allocate(helper_calls));
  Image image = {&allocator, steps.span(), helpers.span()};
  EBPF_TRY(Translate(program, starts.span(), image));
  Image* result = EBPF_TRY(allocator.New<Image>(image));
  (void)steps.Take();
  (void)helpers.Take();
  return result;
}

void FreeImage(Image* image) {
  if (image == nullptr) {
    return;
  }
  Allocator& allocator = *image->allocator;
  allocator.DeleteArray(image->steps);
  allocator.DeleteArray(image->helpers);
  allocator.Delete(image);
}

}  // namespace ebpf::interpreter
