// SPDX-License-Identifier: MIT
//
// core/interpreter/survey.h's implementation.
#include "core/interpreter/survey.h"

#include "core/isa/decode.h"

namespace ebpf::interpreter {
namespace {

using isa::DecodedInsn;
using isa::Family;
using isa::Op;

/// Whether control can come to the slot behind an instruction.
bool FallsThrough(Op op) {
  return op != Op::kExit && op != Op::kGoto && op != Op::kGotoLong;
}

/// Where an instruction goes besides the next one.
struct Target {
  Mark mark = kBeginsInsn;  // kIsTarget, kBeginsFunction; else: nowhere
  int32_t distance = 0;     // from the next instruction
};

Target TargetOf(const DecodedInsn& insn) {
  switch (insn.op) {
    case Op::kGoto:
    case Op::kGotoLong:
    case Op::kMayGoto:
      return {kIsTarget, insn.jump_offset()};
    case Op::kCallSubprogram:
    case Op::kLoadFunc:
      return {kBeginsFunction, insn.imm};
    default:
      return insn.info().family == Family::kJump
                 ? Target{kIsTarget, insn.jump_offset()}
                 : Target{};
  }
}

/// Marks the target of `insn` at `index`, if it has one; kInvalid outside of
/// the program.
Status MarkTarget(const DecodedInsn& insn, size_t index, Span<uint8_t> marks) {
  const Target target = TargetOf(insn);
  if (target.mark == kBeginsInsn) {
    return Status::kOk;
  }
  const int64_t at = static_cast<int64_t>(index) + 1 + target.distance;
  if (at < 0 || at >= static_cast<int64_t>(marks.size())) {
    return Status::kInvalid;
  }
  marks[static_cast<size_t>(at)] |= target.mark;
  return Status::kOk;
}

/// Whether each slot that something goes to begins an instruction.
Status CheckTargets(Span<const uint8_t> marks) {
  for (const uint8_t mark : marks) {
    if (mark != 0 && (mark & kBeginsInsn) == 0) {
      return Status::kInvalid;
    }
  }
  return Status::kOk;
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

}  // namespace

bool IsHole(const Program& program, size_t index) {
  return index < program.facts().size() && program.facts()[index].never_reached;
}

bool CallsBack(const HelperPrototype& helper) {
  for (const ArgKind kind : helper.args) {
    if (kind == ArgKind::kCallback) {
      return true;
    }
  }
  return false;
}

bool IsProbed(const Program& program, size_t index) {
  return index < program.facts().size() &&
         program.facts()[index].pointer == PointerKind::kProbed;
}

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
      EBPF_TRY(MarkTarget(insn, index, marks));
    }
    index += insn.slots;
  }
  return falls_off ? Status::kInvalid : CheckTargets(marks);
}

}  // namespace ebpf::interpreter
