// SPDX-License-Identifier: MIT
//
// One walk over the instructions that were verified. What no path reached is
// left out: whatever stands there, a call of a helper that is not here among
// it, is not what runs. A conditional jump that always went one way goes it
// without asking.
#include "core/verifier/fixup.h"

#include "core/base/bits.h"
#include "core/helpers/packet_load.h"
#include "core/helpers/prototype.h"
#include "core/isa/decode.h"
#include "core/program_types/context_layout.h"
#include "core/verifier/callback.h"
#include "core/verifier/inline_calls.h"
#include "core/verifier/kernel_variable.h"
#include "core/verifier/kfunc_call.h"
#include "core/verifier/rewriter.h"
#include "core/verifier/run_stack.h"

namespace ebpf::verifier {
namespace {

using isa::DecodedInsn;
using isa::Family;
using isa::Op;

// Opcodes. [RFC 9669; opcodes.def for those that only fixup writes]
constexpr uint8_t kLoad64 = 0x79;
constexpr uint8_t kStoreImm64 = 0x7a;
constexpr uint8_t kSizeMask = 0x18;
constexpr uint8_t kHalf = 0x08;
constexpr uint8_t kGoto = 0x05;
constexpr uint8_t kGotoLong = 0x06;
constexpr uint8_t kCall = 0x85;
constexpr uint8_t kExit = 0x95;
constexpr uint8_t kMov = 0xbf;
constexpr uint8_t kMovImm = 0xb7;
constexpr uint8_t kAddImm = 0x07;
constexpr uint8_t kJumpNotNegative = 0x75;  // signed, >= imm
constexpr uint8_t kTailCallInsn = 0xf5;
constexpr uint8_t kCallDirectSource = 15;

/// Linux's BPF_MAX_LOOPS: how often one activation of a function goes on behind
/// a may_goto.
constexpr int32_t kMaxGotos = 1 << 23;

/// What calls may become besides calls.
struct Inlining {
  bool calls;  // what takes more room than a call
  bool loops;  // what takes stack, too
};

/// Instructions that inlining may add to a program.
constexpr uint32_t kMaxAdded = 64 * 1024;

class Fixer {
 public:
  Fixer(const VerifiedProgram& program, Inlining inlining, Allocator& allocator)
      : program_(program),
        inlining_(inlining),
        places_(program.type != nullptr ? ContextPlaces(program.type->id)
                                        : Span<const ContextPlace>()),
        out_(allocator, program.insns.size()),
        kept_(allocator),
        functions_(allocator),
        direct_calls_(allocator),
        object_types_(allocator) {}

  /// Writes all of the program; kOutOfRange where a jump became too long.
  Status Run();

  /// After Run.
  Status CopyTo(FixedProgram& out) const;
  Span<RunFunction> functions() { return functions_.span(); }
  bool inlined_loops() const { return inlined_loops_; }

 private:
  Status FindKept();
  Status FindCallbacks();
  Status FixFunction(uint32_t number, uint32_t end);
  Status FixInsn(const DecodedInsn& insn);
  Status FixContextAccess(const DecodedInsn& insn);
  Status FixPacketLoad(const DecodedInsn& insn);
  Status FixJump(const DecodedInsn& insn);
  Status FixControl(const DecodedInsn& insn);
  Status FixMayGoto(const DecodedInsn& insn);
  Status FixHelperCall(const DecodedInsn& insn);
  Status FixKernelCall(const DecodedInsn& insn);
  Status FixLookup();
  Status FixLoop();
  Status FixLoadFunc(const DecodedInsn& insn);
  Status FixLoadVariable(const DecodedInsn& insn);
  Status PutPrologue(const FoundFunction& found);
  Status PutDirectCall(DirectCall callee);
  Status NoteObjectType();
  Status PutAsItIs() { return out_.Put(Original(), facts()); }

  isa::Insn Original() const { return program_.insns[index_]; }
  InsnFacts facts() const { return program_.facts[index_]; }
  CallNote note() const { return program_.findings.calls[index_]; }
  RunFunction& function() { return functions_[functions_.size() - 1]; }
  uint32_t Target(int32_t distance) const {
    return static_cast<uint32_t>(int64_t{index_} + 1 + distance);
  }
  /// Whether nothing that runs is between this instruction and `target`.
  bool FallsTo(uint32_t target) const {
    return target > index_ && kept_[index_ + 1] == kept_[target];
  }
  bool IsKept(uint32_t index) const { return kept_[index] == index; }
  /// Whether there is room to inline one more call.
  bool MayGrow() const {
    return inlining_.calls && out_.size() < program_.insns.size() + kMaxAdded;
  }
  /// Whether the loop at the call with `note` becomes instructions: for all
  /// such calls or none, so that nobody needs the addresses of functions.
  bool InlinesLoops() const { return inlining_.loops && only_known_loops_; }

  const VerifiedProgram& program_;
  const Inlining inlining_;
  /// Of the context; empty: accesses to it stay what they are.
  const Span<const ContextPlace> places_;
  Rewriter out_;
  /// For each instruction the first one from there on that some path reaches.
  Buffer<uint32_t> kept_;
  Vector<RunFunction> functions_;
  Vector<DirectCall> direct_calls_;
  Vector<btf::TypeId> object_types_;
  /// Helpers call functions back in loops only, each of which has one function.
  bool only_known_loops_ = true;
  bool inlined_loops_ = false;
  /// Where the function's own slots begin, from r10.
  int32_t may_goto_slot_ = 0;
  uint32_t index_ = 0;
};

/// Calls `f` with each instruction of `insns` and its index; kInvalid if there
/// is something else, which was not verified.
template <typename F>
Status ForEachInsn(isa::ConstInsns insns, F f) {
  for (uint32_t i = 0; i < insns.size();) {
    DecodedInsn insn;
    if (isa::Decode(insns, i, insn) != isa::DecodeError::kNone) {
      return Status::kInvalid;
    }
    f(i, insn);
    i += insn.slots;
  }
  return Status::kOk;
}

Status Fixer::FindKept() {
  const uint32_t count = static_cast<uint32_t>(program_.insns.size());
  EBPF_TRY(kept_.Allocate(count + 1));
  for (uint32_t& kept : kept_.span()) {
    kept = count;  // second slots go with their first
  }
  EBPF_TRY(ForEachInsn(program_.insns, [&](uint32_t i, const DecodedInsn&) {
    kept_[i] = program_.facts[i].never_reached ? count : i;
  }));
  for (uint32_t i = count; i-- > 0;) {
    kept_[i] = Min(kept_[i], kept_[i + 1]);
  }
  return Status::kOk;
}

/// Whether all that is called back can be called from inlined loops.
Status Fixer::FindCallbacks() {
  uint32_t loops = 0;
  EBPF_TRY(ForEachInsn(program_.insns, [&](uint32_t i,
                                           const DecodedInsn& insn) {
    if (!IsKept(i) || insn.op != Op::kCallHelper) {
      return;
    }
    const HelperPrototype* helper = FindHelper(static_cast<uint32_t>(insn.imm));
    // A timer calls its function when nobody knows the call any more.
    if (insn.imm == helper_id::timer_set_callback) {
      only_known_loops_ = false;
    }
    if (helper != nullptr && CallsBack(*helper) &&
        (insn.imm != helper_id::loop || !program_.findings.calls[i].known() ||
         !IsKept(program_.findings.calls[i].what()))) {
      only_known_loops_ = false;
    }
    loops += insn.imm == helper_id::loop ? 1 : 0;
  }));
  only_known_loops_ = only_known_loops_ && loops <= kMaxAdded / kMaxInlined;
  return Status::kOk;
}

Status Fixer::Run() {
  EBPF_TRY(out_.Init());
  EBPF_TRY(FindKept());
  EBPF_TRY(FindCallbacks());
  const Span<FoundFunction> found = program_.findings.functions.span();
  for (uint32_t i = 0; i < found.size(); ++i) {
    const uint32_t end = i + 1 < found.size()
                             ? found[i + 1].start
                             : static_cast<uint32_t>(program_.insns.size());
    EBPF_TRY(FixFunction(i, end));
  }
  EBPF_TRY(out_.Finish());
  for (RunFunction& one : functions_) {
    one.start = out_.FunctionAt(found[one.number].start);
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
    if (index_ == found.start) {
      EBPF_TRY(PutPrologue(found));
    }
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

/// Each activation counts anew. The slots lie below all that the program uses.
Status Fixer::PutPrologue(const FoundFunction& found) {
  may_goto_slot_ = 0;
  if (!found.has_may_goto) {
    return Status::kOk;
  }
  function().stack_bytes += sizeof(uint64_t);
  may_goto_slot_ = -static_cast<int32_t>(function().stack_bytes);
  isa::Insn store{};
  store.opcode = kStoreImm64;
  store.dst = isa::kFramePointer;
  store.offset = static_cast<int16_t>(may_goto_slot_);
  store.imm = kMaxGotos;
  InsnFacts facts{};
  facts.pointer = PointerKind::kStack;
  EBPF_TRY(out_.Put(store, facts));
  out_.EndPrologue();
  return Status::kOk;
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
      if (insn.op == Op::kLoadBtfId) {
        return FixLoadVariable(insn);
      }
      EBPF_TRY(PutAsItIs());
      return out_.Put(program_.insns[index_ + 1]);
    case Family::kLoad:
    case Family::kStore:
      return facts().pointer == PointerKind::kContext && !places_.empty()
                 ? FixContextAccess(insn)
                 : PutAsItIs();
    case Family::kLegacy:
      return FixPacketLoad(insn);
    default:
      return PutAsItIs();
  }
}

/// The pointer is to the context's start: to be verified, nothing was added.
Status Fixer::FixContextAccess(const DecodedInsn& insn) {
  const int32_t size = insn.info().width / 8;
  for (const ContextPlace& place : places_) {
    const int32_t inside = insn.offset - place.offset;
    if (inside < 0 || inside + size > place.size) {
      continue;
    }
    isa::Insn access = Original();
    access.offset = static_cast<int16_t>(place.place + inside);
    const int32_t kept = static_cast<int32_t>(
        KeptBytes(program_.type->id, static_cast<uint32_t>(insn.offset)));
    if (insn.info().family == Family::kLoad && size < 4 && kept != 0 &&
        size >= kept) {
      access.offset = static_cast<int16_t>(access.offset - insn.offset % 4);
    }
    if (insn.info().family == Family::kStore && size == 4 && kept == 2) {
      access.opcode =
          static_cast<uint8_t>((access.opcode & ~kSizeMask) | kHalf);
    }
    InsnFacts context{};
    context.pointer = PointerKind::kContext;
    if (!place.is_pointer) {
      return out_.Put(access, facts());
    }
    if (insn.info().family != Family::kLoad || size != place.size) {
      return Status::kInvalid;
    }
    access.opcode = kLoad64;
    return out_.Put(access, context);
  }
  return Status::kInvalid;  // that was not verified
}

/// LD_ABS and LD_IND: where the packet ends before, the function returns 0. The
/// registers that are used are those that the instruction spoils.
Status Fixer::FixPacketLoad(const DecodedInsn& insn) {
  const auto put = [&](uint8_t opcode, uint8_t dst, uint8_t src, int32_t imm,
                       int16_t offset = 0) {
    isa::Insn line{};
    line.opcode = opcode;
    line.dst = dst & 0xf;
    line.src = src & 0xf;
    line.offset = offset;
    line.imm = imm;
    return out_.Put(line);
  };
  constexpr uint8_t kResult = 0;
  constexpr uint8_t kContext = 6;
  if ((insn.info().operands & isa::kSrc) != 0) {
    EBPF_TRY(put(kMov, 2, insn.src, 0));
    EBPF_TRY(put(kAddImm, 2, 0, insn.imm));
  } else {
    EBPF_TRY(put(kMovImm, 2, 0, insn.imm));
  }
  EBPF_TRY(put(kMov, 1, kContext, 0));
  EBPF_TRY(PutDirectCall(insn.op == Op::kLdAbsU8 || insn.op == Op::kLdIndU8
                             ? helpers::LoadPacket8
                         : insn.op == Op::kLdAbsU16 || insn.op == Op::kLdIndU16
                             ? helpers::LoadPacket16
                             : helpers::LoadPacket32));
  EBPF_TRY(put(kJumpNotNegative, kResult, 0, 0, 2));
  EBPF_TRY(put(kMovImm, kResult, 0, 0));
  return put(kExit, 0, 0, 0);
}

Status Fixer::FixJump(const DecodedInsn& insn) {
  const uint32_t target = Target(insn.offset);
  if (facts().never_jumps || FallsTo(target)) {
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
      return FallsTo(target) ? Status::kOk
                             : out_.PutJump(Original(), target, facts());
    }
    case Op::kMayGoto:
      return FixMayGoto(insn);
    case Op::kCallSubprogram:
      return out_.PutCall(Original(), Target(insn.imm), facts());
    case Op::kCallHelper:
      return FixHelperCall(insn);
    case Op::kCallKernel:
      return FixKernelCall(insn);
    default:
      return PutAsItIs();
  }
}

Status Fixer::FixMayGoto(const DecodedInsn& insn) {
  const uint32_t target = Target(insn.offset);
  if (FallsTo(target)) {
    return Status::kOk;
  }
  isa::Insn jump = Original();
  jump.imm = may_goto_slot_;
  return out_.PutJump(jump, target);
}

Status Fixer::FixHelperCall(const DecodedInsn& insn) {
  switch (insn.imm) {
    case helper_id::get_smp_processor_id:
      return MayGrow() ? InlineCpuId(out_) : PutAsItIs();
    case helper_id::map_lookup_elem:
      return FixLookup();
    case helper_id::loop:
      return FixLoop();
    case helper_id::tail_call: {
      isa::Insn call{};
      call.opcode = kTailCallInsn;
      function().makes_tail_calls = true;
      return out_.Put(call);
    }
    default:
      return PutAsItIs();
  }
}

Status Fixer::FixKernelCall(const DecodedInsn& insn) {
  const KernelFunction function =
      EBPF_TRY(FindKernelFunction(program_.kernel_btf, *program_.kfuncs, insn));
  if (function.info == nullptr || function.info->function == nullptr) {
    return Status::kInvalid;  // that was not verified
  }
  if (function.Is(KfuncId::kObjNew)) {
    EBPF_TRY(NoteObjectType());
  }
  return PutDirectCall(function.info->function);
}

Status Fixer::NoteObjectType() {
  const btf::TypeId id = note().what();
  for (const btf::TypeId known : object_types_) {
    if (known == id) {
      return Status::kOk;
    }
  }
  return object_types_.PushBack(id);
}

Status Fixer::FixLookup() {
  if (!note().known()) {
    return PutAsItIs();
  }
  const Map& map = *program_.maps[note().what()];
  ArrayLayout layout;
  if (MayGrow() && map.GetLayout(layout)) {
    return InlineArrayLookup(out_, layout);
  }
  const DirectLookup lookup = map.direct_lookup();
  return lookup != nullptr ? PutDirectCall(lookup) : PutAsItIs();
}

Status Fixer::PutDirectCall(DirectCall callee) {
  size_t number = 0;
  while (number < direct_calls_.size() && direct_calls_[number] != callee) {
    ++number;
  }
  if (number == direct_calls_.size()) {
    EBPF_TRY(direct_calls_.PushBack(callee));
  }
  isa::Insn call{};
  call.opcode = kCall;
  call.src = kCallDirectSource;
  call.imm = static_cast<int32_t>(number);
  return out_.Put(call);
}

Status Fixer::FixLoop() {
  if (!InlinesLoops()) {
    return PutAsItIs();
  }
  inlined_loops_ = true;
  // All loops of the function save its registers in the same place.
  const FoundFunction& found = program_.findings.functions[function().number];
  const uint32_t bytes = found.stack_bytes + kLoopStackBytes +
                         (found.has_may_goto ? sizeof(uint64_t) : 0);
  function().stack_bytes = bytes;
  return InlineLoop(out_, note().what(), -static_cast<int32_t>(bytes));
}

/// The address of a function that nobody calls back is a number like another.
Status Fixer::FixLoadFunc(const DecodedInsn& insn) {
  const uint32_t target = Target(insn.imm);
  if (IsKept(target) && !InlinesLoops()) {
    EBPF_TRY(out_.PutCall(Original(), target, facts()));
  } else {
    isa::Insn load = Original();
    load.src = isa::kPseudoNone;
    load.imm = 0;
    EBPF_TRY(out_.Put(load));
  }
  return out_.Put(program_.insns[index_ + 1]);
}

/// The address of a kernel's variable is a number like any other.
Status Fixer::FixLoadVariable(const DecodedInsn& insn) {
  const uint64_t address =
      EBPF_TRY(KernelVariableAddress(*program_.kernel_btf, insn));
  isa::Insn low = Original();
  low.src = isa::kPseudoNone;
  low.imm = static_cast<int32_t>(address);
  isa::Insn high = program_.insns[index_ + 1];
  high.imm = static_cast<int32_t>(address >> 32);
  EBPF_TRY(out_.Put(low, facts()));
  return out_.Put(high);
}

template <typename T>
Status CopyAll(const Vector<T>& from, Buffer<T>& to) {
  EBPF_TRY(to.Allocate(from.size()));
  for (size_t i = 0; i < from.size(); ++i) {
    to[i] = from[i];
  }
  return Status::kOk;
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
  EBPF_TRY(CopyAll(direct_calls_, out.direct_calls));
  return CopyAll(object_types_, out.object_types);
}

/// kOutOfRange: inlining made a jump too long. kAccess: `inlining.loops` made a
/// stack too large, or the program itself did; `log` says which.
Status TryFixup(const VerifiedProgram& program, Inlining inlining,
                Allocator& allocator, Log& log, FixedProgram& out,
                bool& inlined_loops) {
  Fixer fixer(program, inlining, allocator);
  EBPF_TRY(fixer.Run());
  inlined_loops = fixer.inlined_loops();
  Buffer<ProgramFunction> functions(allocator);
  EBPF_TRY(PlanRunStack(program.findings.graph[0], fixer.functions(), log,
                        allocator, functions));
  EBPF_TRY(out.functions.Allocate(functions.span().size()));
  for (size_t i = 0; i < functions.span().size(); ++i) {
    out.functions[i] = functions[i];
  }
  return fixer.CopyTo(out);
}

}  // namespace

Status Fixup(const VerifiedProgram& program, Allocator& allocator, Log& log,
             FixedProgram& out) {
  Inlining inlining = {true, true};
  for (;;) {
    const size_t logged = log.writer().wanted();
    bool inlined_loops = false;
    const Status status =
        TryFixup(program, inlining, allocator, log, out, inlined_loops);
    if (status == Status::kAccess && inlined_loops) {
      inlining.loops = false;
    } else if (status == Status::kOutOfRange && inlining.calls) {
      inlining = {false, false};
    } else {
      return status;
    }
    log.writer().TruncateTo(logged);
  }
}

}  // namespace ebpf::verifier
