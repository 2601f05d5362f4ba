// SPDX-License-Identifier: MIT
//
// One walk over the instructions that were verified. What no path reached is
// left out: whatever stands there, a call of a helper that is not here among
// it, is not what runs. A conditional jump that always went one way goes it
// without asking.
#include "core/verifier/fixup.h"

#include <stddef.h>

#include "core/base/bits.h"
#include "core/isa/decode.h"
#include "core/verifier/rewriter.h"
#include "core/verifier/run_stack.h"

namespace ebpf::verifier {
namespace {

using isa::DecodedInsn;
using isa::Family;
using isa::Op;

// Linux's numbers of helpers.
constexpr int32_t kGetCpuId = 8;
constexpr int32_t kTailCall = 12;

// Opcodes. [RFC 9669; opcodes.def for those that only fixup writes]
constexpr uint8_t kLoad32 = 0x61;
constexpr uint8_t kGoto = 0x05;
constexpr uint8_t kGotoLong = 0x06;
constexpr uint8_t kExit = 0x95;
constexpr uint8_t kLoadRun = 0xe7;
constexpr uint8_t kTailCallInsn = 0xf5;

InsnFacts InMemory() {
  InsnFacts facts{};
  facts.pointer = PointerKind::kMemory;
  return facts;
}

class Fixer {
 public:
  Fixer(const VerifiedProgram& program, Allocator& allocator)
      : program_(program),
        out_(allocator, program.insns.size()),
        kept_(allocator),
        functions_(allocator) {}

  /// Writes all of the program; kOutOfRange where a jump became too long.
  Status Run();

  /// After Run.
  Status CopyTo(FixedProgram& out) const;
  Span<RunFunction> functions() { return functions_.span(); }

 private:
  Status FindKept();
  Status FixFunction(uint32_t number, uint32_t end);
  Status FixInsn(const DecodedInsn& insn);
  Status FixJump(const DecodedInsn& insn);
  Status FixControl(const DecodedInsn& insn);
  Status FixHelperCall(const DecodedInsn& insn);
  Status FixLoadFunc(const DecodedInsn& insn);

  isa::Insn Original() const { return program_.insns[index_]; }
  InsnFacts facts() const { return program_.facts[index_]; }
  uint32_t Target(int32_t distance) const {
    return static_cast<uint32_t>(int64_t{index_} + 1 + distance);
  }
  /// Whether nothing that runs is between this instruction and `target`.
  bool FallsTo(uint32_t target, uint32_t slots) const {
    return target > index_ && kept_[index_ + slots] == kept_[target];
  }
  bool IsKept(uint32_t index) const { return kept_[index] == index; }

  const VerifiedProgram& program_;
  Rewriter out_;
  /// For each instruction the first one from there on that some path reaches.
  Buffer<uint32_t> kept_;
  Vector<RunFunction> functions_;
  uint32_t index_ = 0;
};

Status Fixer::FindKept() {
  const uint32_t count = static_cast<uint32_t>(program_.insns.size());
  EBPF_TRY(kept_.Allocate(count + 1));
  kept_[count] = count;
  for (uint32_t i = 0; i < count;) {
    DecodedInsn insn;
    if (isa::Decode(program_.insns, i, insn) != isa::DecodeError::kNone) {
      return Status::kInvalid;  // was not verified
    }
    // For now: who it is itself. A second slot goes with its first.
    kept_[i] = program_.facts[i].never_reached ? count : i;
    if (insn.slots == 2) {
      kept_[i + 1] = count;
    }
    i += insn.slots;
  }
  for (uint32_t i = count; i-- > 0;) {
    kept_[i] = Min(kept_[i], kept_[i + 1]);
  }
  return Status::kOk;
}

Status Fixer::Run() {
  EBPF_TRY(out_.Init());
  EBPF_TRY(FindKept());
  const Span<FoundFunction> found = program_.findings.functions.span();
  for (uint32_t i = 0; i < found.size(); ++i) {
    const uint32_t end = i + 1 < found.size()
                             ? found[i + 1].start
                             : static_cast<uint32_t>(program_.insns.size());
    EBPF_TRY(FixFunction(i, end));
  }
  EBPF_TRY(out_.Finish());
  for (RunFunction& function : functions_) {
    function.start = out_.FunctionAt(found[function.number].start);
  }
  return Status::kOk;
}

Status Fixer::FixFunction(uint32_t number, uint32_t end) {
  const FoundFunction& found = program_.findings.functions[number];
  if (!IsKept(found.start)) {
    return Status::kOk;  // no call of it is reached
  }
  EBPF_TRY(
      functions_.PushBack(RunFunction{0, found.stack_bytes, number, false}));
  for (index_ = found.start; index_ < end;) {
    DecodedInsn insn;
    if (isa::Decode(program_.insns, index_, insn) != isa::DecodeError::kNone) {
      return Status::kInvalid;
    }
    out_.Begin(index_);
    if (IsKept(index_)) {
      EBPF_TRY(FixInsn(insn));
    }
    index_ += insn.slots;
  }
  // A function whose last instruction is one that goes on would run into the
  // next one: then it was not verified.
  const uint8_t last = out_.empty() ? uint8_t{0} : out_.back().opcode;
  return last == kExit || last == kGoto || last == kGotoLong ? Status::kOk
                                                             : Status::kInvalid;
}

Status Fixer::FixInsn(const DecodedInsn& insn) {
  switch (insn.info().family) {
    case Family::kJump:
      return FixJump(insn);
    case Family::kControl:
      return FixControl(insn);
    case Family::kLoadImm64:
      if (insn.op == Op::kLoadFunc) {
        return FixLoadFunc(insn);
      }
      EBPF_TRY(out_.Put(Original(), facts()));
      return out_.Put(program_.insns[index_ + 1]);
    default:
      return out_.Put(Original(), facts());
  }
}

Status Fixer::FixJump(const DecodedInsn& insn) {
  const uint32_t target = Target(insn.offset);
  if (facts().never_jumps || FallsTo(target, 1)) {
    return Status::kOk;
  }
  if (facts().always_jumps) {
    isa::Insn jump{};
    jump.opcode = kGoto;
    return out_.PutJump(jump, target);
  }
  return out_.PutJump(Original(), target, facts());
}

Status Fixer::FixControl(const DecodedInsn& insn) {
  switch (insn.op) {
    case Op::kGoto:
    case Op::kGotoLong: {
      const uint32_t target = Target(insn.jump_offset());
      return FallsTo(target, 1) ? Status::kOk
                                : out_.PutJump(Original(), target, facts());
    }
    case Op::kCallSubprogram:
      return out_.PutCall(Original(), Target(insn.imm), facts());
    case Op::kCallHelper:
      return FixHelperCall(insn);
    default:
      return out_.Put(Original(), facts());
  }
}

Status Fixer::FixHelperCall(const DecodedInsn& insn) {
  switch (insn.imm) {
    case kGetCpuId: {
      isa::Insn run{};
      run.opcode = kLoadRun;
      isa::Insn load{};
      load.opcode = kLoad32;
      load.offset = offsetof(RunContext, cpu);
      EBPF_TRY(out_.Put(run));
      return out_.Put(load, InMemory());
    }
    case kTailCall: {
      isa::Insn call{};
      call.opcode = kTailCallInsn;
      functions_[functions_.size() - 1].makes_tail_calls = true;
      return out_.Put(call);
    }
    default:
      return out_.Put(Original(), facts());
  }
}

/// The address of a function that nobody calls is a number like another.
Status Fixer::FixLoadFunc(const DecodedInsn& insn) {
  const uint32_t target = Target(insn.imm);
  if (IsKept(target)) {
    EBPF_TRY(out_.PutCall(Original(), target, facts()));
  } else {
    isa::Insn load = Original();
    load.src = isa::kPseudoNone;
    load.imm = 0;
    EBPF_TRY(out_.Put(load));
  }
  return out_.Put(program_.insns[index_ + 1]);
}

Status Fixer::CopyTo(FixedProgram& out) const {
  EBPF_TRY(out.insns.Allocate(out_.size()));
  EBPF_TRY(out.facts.Allocate(out_.size()));
  EBPF_TRY(out.original_indices.Allocate(out_.size()));
  for (uint32_t i = 0; i < out_.size(); ++i) {
    out.insns[i] = out_.insn(i);
    out.facts[i] = out_.facts(i);
    out.original_indices[i] = out_.old_index(i);
  }
  return Status::kOk;
}

}  // namespace

Status Fixup(const VerifiedProgram& program, Allocator& allocator, Log& log,
             FixedProgram& out) {
  Fixer fixer(program, allocator);
  EBPF_TRY(fixer.Run());
  EBPF_TRY(PlanRunStack(program.findings.graph[0], fixer.functions(), log,
                        allocator, out.functions));
  return fixer.CopyTo(out);
}

}  // namespace ebpf::verifier
