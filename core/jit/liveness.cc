// SPDX-License-Identifier: MIT
//
// Liveness in two passes.
#include "core/jit/liveness.h"

#include "core/helpers/prototype.h"
#include "core/jit/analysis.h"
#include "core/jit/op_traits.h"

namespace ebpf::jit {
namespace {

using isa::Op;

constexpr uint16_t kResult = 1;
constexpr uint16_t kArguments = 0x3e;  // r1..r5
constexpr uint16_t kCallerSaved = kResult | kArguments;
constexpr uint16_t kTailCallArguments = 0xe;  // r1..r3

constexpr unsigned Bit(unsigned reg) { return 1u << reg; }

void Kill(LiveRegs& live, unsigned regs) {
  live.regs = static_cast<uint16_t>(live.regs & ~regs);
  live.upper = static_cast<uint16_t>(live.upper & ~regs);
}

void Use(LiveRegs& live, unsigned regs, unsigned upper) {
  live.regs = static_cast<uint16_t>(live.regs | regs);
  live.upper = static_cast<uint16_t>(live.upper | upper);
}

/// r1.. as many as the helper looks at.
uint16_t ArgumentsOf(uint32_t helper_id) {
  // Prints r3..r5, of which the verifier, as Linux's, asks nothing.
  constexpr uint32_t kTracePrintk = 6;
  const HelperPrototype* helper = FindHelper(helper_id);
  if (helper == nullptr || helper_id == kTracePrintk) {
    return kArguments;
  }
  unsigned count = 0;
  while (count < 5 && helper->args[count] != ArgKind::kNone) {
    ++count;
  }
  return static_cast<uint16_t>((2u << count) - 2);
}

LiveRegs BeforeSpecial(const isa::Insn& insn, Op op, LiveRegs live) {
  switch (op) {
    case Op::kExit:
      return {kResult, kResult};
    case Op::kCallHelper: {
      const unsigned arguments = ArgumentsOf(static_cast<uint32_t>(insn.imm));
      Kill(live, kCallerSaved);
      Use(live, arguments, arguments);
      return live;
    }
    case Op::kCallSubprogram:
    case Op::kCallDirect:
      Kill(live, kCallerSaved);
      Use(live, kArguments, kArguments);
      return live;
    case Op::kTailCall:
      // r6..r9 are restored from the stack when it leaves.
      Kill(live, kCallerSaved);
      Use(live, kTailCallArguments, kTailCallArguments);
      return live;
    case Op::kAtomicCmpXchg32:
      Kill(live, kResult);
      Use(live, Bit(insn.dst) | Bit(insn.src) | kResult, Bit(insn.dst));
      return live;
    case Op::kAtomicCmpXchg64: {
      const unsigned all = Bit(insn.dst) | Bit(insn.src) | kResult;
      Kill(live, kResult);
      Use(live, all, all);
      return live;
    }
    default:
      return LiveRegs::All();
  }
}

}  // namespace

namespace {

/// OpTraits' flags as masks over a LiveRegs' 32 bits, for code without jumps.
struct LiveMasks {
  uint32_t kill_dst, kill_src;
  uint32_t use_dst, use_src;    // whatever is live
  uint32_t flow_dst, flow_src;  // if the result's upper half is
};

constexpr uint32_t kRegsHalf = 0x0000ffff;
constexpr uint32_t kUpperHalf = 0xffff0000;

constexpr LiveMasks MasksOf(unsigned flags) {
  using T = OpTraits;
  const auto if_set = [flags](T::Flag flag, uint32_t mask) {
    return (flags & flag) != 0 ? mask : 0;
  };
  return {if_set(T::kWritesDst, ~0u),
          if_set(T::kWritesSrc, ~0u),
          if_set(T::kReadsDst, kRegsHalf) | if_set(T::kUpperDst, kUpperHalf),
          if_set(T::kReadsSrc, kRegsHalf) | if_set(T::kUpperSrc, kUpperHalf),
          if_set(T::kFlowsDst, kUpperHalf),
          if_set(T::kFlowsSrc, kUpperHalf)};
}

struct MaskTable {
  LiveMasks of[isa::kOpCount];
};

constexpr MaskTable MakeMasks() {
  MaskTable table{};
  for (size_t i = 0; i < isa::kOpCount; ++i) {
    table.of[i] = MasksOf(op_traits::kTable[i].flags);
  }
  return table;
}

constexpr MaskTable kMasks = MakeMasks();

/// A LiveRegs in one word.
constexpr uint32_t Packed(LiveRegs live) {
  return live.regs | uint32_t{live.upper} << 16;
}
constexpr LiveRegs Unpacked(uint32_t live) {
  return {static_cast<uint16_t>(live), static_cast<uint16_t>(live >> 16)};
}

struct StepResult {
  uint32_t live;  // before the instruction
  uint32_t killed;
  uint32_t used;
};

/// Of what is not kSpecial.
[[gnu::always_inline]] inline StepResult Step(const isa::Insn& insn, Op op,
                                              uint32_t live) {
  const LiveMasks& masks = kMasks.of[static_cast<uint8_t>(op)];
  const uint32_t dst = 0x10001u << insn.dst;
  const uint32_t src = 0x10001u << insn.src;
  const uint32_t flows = (live & dst & kUpperHalf) != 0 ? ~0u : 0;
  const uint32_t killed = (dst & masks.kill_dst) | (src & masks.kill_src);
  const uint32_t used = (dst & masks.use_dst) | (src & masks.use_src);
  const uint32_t before =
      (live & ~killed) | used |
      (((dst & masks.flow_dst) | (src & masks.flow_src)) & flows);
  return {before, killed, used};
}

}  // namespace

LiveRegs LiveBefore(const isa::Insn& insn, Op op, LiveRegs live) {
  if (TraitsOf(op).Has(OpTraits::kSpecial)) [[unlikely]] {
    return BeforeSpecial(insn, op, live);
  }
  return Unpacked(Step(insn, op, Packed(live)).live);
}

namespace {

class Liveness {
 public:
  Liveness(Compilation& compilation, Survey& survey, const CodeBounds* bounds)
      : insns_(compilation.insns),
        states_(compilation.states),
        facts_(compilation.facts),
        survey_(survey),
        bounds_(bounds) {}

  /// kLast: fills in all that DescribeRegisters does.
  template <bool kLast>
  void Pass() {
    trusts_back_ = kLast && survey_.loops;
    function_ = survey_.functions.size();
    uint32_t live = Packed(LiveRegs::All());
    for (size_t i = insns_.size(); i-- > 0;) {
      InsnState& state = states_[i];
      if (!state.skipped) [[likely]] {
        live = Before<kLast>(i, state, live);
      }
      if (kLast) {
        if (bounds_ != nullptr) {
          state.offset = bytes_ & (kMaxImageSize - 1);
        }
        if (state.is_function) [[unlikely]] {
          EndFunction();
        }
      }
    }
  }

 private:
  template <bool kLast>
  [[gnu::always_inline]] uint32_t Before(size_t i, InsnState& state,
                                         uint32_t live) {
    const isa::Insn& insn = insns_[i];
    const Op op = static_cast<Op>(state.op);
    const unsigned flags = TraitsOf(op).flags;
    if ((flags & (OpTraits::kJumps | OpTraits::kEndsPath)) != 0) {
      live = Packed(After(i, op, Unpacked(live)));
    }
    state.live_after = live & 0x3ff;
    state.live_upper_after = live >> 16 & 0x3ff;
    if (kLast && bounds_ != nullptr) {
      const bool dead =
          (flags & OpTraits::kComputes) != 0 && (live >> insn.dst & 1) == 0;
      bytes_ += dead ? 0 : BoundOf(i, insn, op);
    }
    if ((flags & OpTraits::kSpecial) != 0) [[unlikely]] {
      if (kLast) {
        DescribeSpecial(insn, op);
      }
      LiveRegs before = BeforeSpecial(insn, op, Unpacked(live));
      if (op == Op::kCallSubprogram) {
        before = WithArguments(i, before);
      }
      return Packed(before);
    }
    const StepResult step = Step(insn, op, live);
    if (kLast) {
      written_ |= step.killed;
      read_ |= step.used;
      if (op == Op::kLoadRun || op == Op::kMayGoto) [[unlikely]] {
        survey_.uses_run |= op == Op::kLoadRun;
        read_ |= Bit(isa::kFramePointer);
      }
    }
    return step.live;
  }

  [[gnu::always_inline]] uint32_t BoundOf(size_t i, const isa::Insn& insn,
                                          Op op) const {
    const machine::CodeSize bound = bounds_->of[static_cast<uint8_t>(op)];
    const bool is_wide = insn.imm != static_cast<int8_t>(insn.imm);
    const bool is_far = insn.offset != static_cast<int8_t>(insn.offset);
    uint32_t bytes = bound.bytes + (is_wide ? bound.for_imm : 0u) +
                     (is_far ? bound.for_offset : 0u);
    if (i < facts_.size() && facts_[i].pointer == PointerKind::kProbed) {
      bytes += bounds_->probed;
    }
    return bytes;
  }

  /// What a call, an exit or a compare-and-exchange means for its function.
  void DescribeSpecial(const isa::Insn& insn, Op op) {
    switch (op) {
      case Op::kCallHelper: {
        calls_ = calls_c_ = true;
        const HelperPrototype* helper =
            FindHelper(static_cast<uint32_t>(insn.imm));
        for (const ArgKind kind : helper->args) {
          survey_.uses_run |= kind == ArgKind::kCallback;
        }
        break;
      }
      case Op::kCallDirect:
        calls_ = calls_c_ = true;
        break;
      case Op::kCallSubprogram:
        calls_ = true;
        break;
      case Op::kTailCall:
        survey_.uses_run = true;
        break;
      case Op::kAtomicCmpXchg32:
      case Op::kAtomicCmpXchg64:
        read_ |= Bit(insn.dst) | Bit(insn.src);
        break;
      default:
        break;
    }
  }

  /// All of a function has been seen.
  void EndFunction() {
    FunctionInfo& function = survey_.functions[--function_];
    function.frame.saved = written_ & 0x3c0;  // r6..r9
    function.frame.calls = calls_;
    function.uses_stack = (read_ >> isa::kFramePointer & 1) != 0;
    survey_.uses_stack |= function.uses_stack;
    written_ = read_ = 0;
    calls_ = false;
    bytes_ += bounds_ != nullptr ? bounds_->prologue : 0;
    if (function_ == 0) {
      for (FunctionInfo& each : survey_.functions) {
        each.frame.calls_c = calls_c_;
      }
      survey_.uses_stack |= survey_.uses_run;
    }
  }

  /// Live before the instruction at `target`, seen from one at `from`.
  LiveRegs At(uint32_t target, size_t from) const {
    if (target <= from && !trusts_back_) {
      return LiveRegs::All();
    }
    const InsnState& state = states_[target];
    if (state.skipped) {
      return LiveRegs::All();
    }
    const LiveRegs after = {static_cast<uint16_t>(state.live_after),
                            static_cast<uint16_t>(state.live_upper_after)};
    return LiveBefore(insns_[target], static_cast<Op>(state.op), after);
  }

  /// What is live after instruction `i`, from what is before the next one.
  LiveRegs After(size_t i, Op op, LiveRegs next) const {
    switch (op) {
      case Op::kExit:
        return {0, 0};
      case Op::kGoto:
      case Op::kGotoLong:
        return At(TargetOf(insns_[i], op, i), i);
      case Op::kCallSubprogram:
      case Op::kLoadFunc:
        return next;
      default:
        return next | At(TargetOf(insns_[i], op, i), i);
    }
  }

  /// A function reads of r1..r5 what is live at its start.
  LiveRegs WithArguments(size_t i, LiveRegs live) const {
    const LiveRegs callee = At(TargetOf(insns_[i], Op::kCallSubprogram, i), i);
    Kill(live, kArguments);
    Use(live, callee.regs & kArguments, callee.upper & kArguments);
    return live;
  }

  const isa::ConstInsns insns_;
  const Span<InsnState> states_;
  const Span<const InsnFacts> facts_;
  Survey& survey_;
  const CodeBounds* const bounds_;
  bool trusts_back_ = false;

  // Of the function that the last pass is in.
  size_t function_ = 0;
  uint32_t written_ = 0;
  uint32_t read_ = 0;
  bool calls_ = false;
  bool calls_c_ = false;  // of all of them
  uint32_t bytes_ = 0;    // of all that is behind
};

}  // namespace

void DescribeRegisters(Compilation& compilation, Survey& survey,
                       const CodeBounds* bounds) {
  Liveness liveness(compilation, survey, bounds);
  if (survey.loops) {
    liveness.Pass<false>();
  }
  liveness.Pass<true>();
}

}  // namespace ebpf::jit
