// SPDX-License-Identifier: MIT
//
// Liveness in two passes.
#include "core/jit/liveness.h"

#include "core/helpers/prototype.h"
#include "core/jit/analysis.h"

namespace ebpf::jit {
namespace {

using isa::Family;
using isa::Op;
using isa::Operation;

constexpr uint16_t Bit(unsigned reg) {
  return static_cast<uint16_t>(1u << reg);
}
constexpr uint16_t kResult = 1;
constexpr uint16_t kArguments = 0x3e;  // r1..r5
constexpr uint16_t kCallerSaved = kResult | kArguments;

constexpr void Kill(LiveRegs& live, uint16_t regs) {
  live.regs = static_cast<uint16_t>(live.regs & ~regs);
  live.upper = static_cast<uint16_t>(live.upper & ~regs);
}

constexpr void Use(LiveRegs& live, unsigned reg, bool upper) {
  live.regs |= Bit(reg);
  if (upper) {
    live.upper |= Bit(reg);
  }
}

/// Whether the low half of the result depends on low halves only.
constexpr bool FlowsUpwards(Operation op) {
  switch (op) {
    case Operation::kAdd:
    case Operation::kSub:
    case Operation::kMul:
    case Operation::kOr:
    case Operation::kAnd:
    case Operation::kXor:
    case Operation::kLsh:
    case Operation::kMov:
      return true;
    default:
      return false;
  }
}

LiveRegs BeforeAlu(const isa::Insn& insn, const isa::OpInfo& info,
                   LiveRegs live) {
  const bool result_upper = (live.upper & Bit(insn.dst)) != 0;
  const bool upper =
      info.width == 64 && (result_upper || !FlowsUpwards(info.operation));
  const bool sign_extends = info.operation == Operation::kMovSx8 ||
                            info.operation == Operation::kMovSx16 ||
                            info.operation == Operation::kMovSx32;
  const bool replaces = info.operation == Operation::kMov || sign_extends;
  Kill(live, Bit(insn.dst));
  if (!replaces) {
    Use(live, insn.dst, upper);
  }
  if (info.source_is_register) {
    const bool is_shift = info.operation == Operation::kLsh ||
                          info.operation == Operation::kRsh ||
                          info.operation == Operation::kArsh;
    Use(live, insn.src, upper && !is_shift && !sign_extends);
  }
  return live;
}

LiveRegs BeforeCall(const isa::Insn& insn, Op op, LiveRegs live) {
  Kill(live, kCallerSaved);
  uint16_t arguments = kArguments;
  if (op == Op::kCallHelper) {
    const HelperPrototype* helper = FindHelper(static_cast<uint32_t>(insn.imm));
    if (helper != nullptr) {
      unsigned count = 0;
      while (count < 5 && helper->args[count] != ArgKind::kNone) {
        ++count;
      }
      arguments = static_cast<uint16_t>((2u << count) - 2);
    }
  }
  live.regs |= arguments;
  live.upper |= arguments;
  return live;
}

LiveRegs BeforeControl(const isa::Insn& insn, Op op, LiveRegs live) {
  switch (op) {
    case Op::kCallHelper:
    case Op::kCallSubprogram:
    case Op::kCallKernel:
    case Op::kCallRegister:
      return BeforeCall(insn, op, live);
    case Op::kCallDirect:
      return BeforeCall(insn, op, live);
    case Op::kExit:
      return {kResult, kResult};
    case Op::kLoadRun:
      Kill(live, Bit(insn.dst));
      return live;
    case Op::kTailCall:
      // r6..r9 are restored from the stack when it leaves.
      Kill(live, kCallerSaved);
      live.regs |= 0xe;  // r1..r3
      live.upper |= 0xe;
      return live;
    default:
      return live;
  }
}

}  // namespace

LiveRegs LiveBefore(const isa::Insn& insn, Op op, LiveRegs live) {
  const isa::OpInfo& info = isa::InfoOf(op);
  switch (info.family) {
    case Family::kAlu:
      return BeforeAlu(insn, info, live);
    case Family::kNegate: {
      const bool upper = info.width == 64 && (live.upper & Bit(insn.dst)) != 0;
      Kill(live, Bit(insn.dst));
      Use(live, insn.dst, upper);
      return live;
    }
    case Family::kByteSwap:
      Kill(live, Bit(insn.dst));
      Use(live, insn.dst, info.width == 64);
      return live;
    case Family::kLoad:
    case Family::kLoadAcquire:
      Kill(live, Bit(insn.dst));
      Use(live, insn.src, true);
      return live;
    case Family::kLoadImm64:
      Kill(live, Bit(insn.dst));
      return live;
    case Family::kStore:
    case Family::kStoreRelease:
    case Family::kAtomic:
      Use(live, insn.dst, true);
      if (info.family == Family::kAtomic || info.source_is_register) {
        Use(live, insn.src, info.width == 64);
      }
      return live;
    case Family::kAtomicFetch:
    case Family::kAtomicExchange: {
      const bool compares = info.operation == Operation::kCmpXchg;
      Kill(live, Bit(compares ? 0 : insn.src));
      Use(live, insn.dst, true);
      Use(live, insn.src, info.width == 64);
      if (compares) {
        Use(live, 0, info.width == 64);
      }
      return live;
    }
    case Family::kJump:
      Use(live, insn.dst, info.width == 64);
      if (info.source_is_register) {
        Use(live, insn.src, info.width == 64);
      }
      return live;
    case Family::kControl:
    case Family::kInternal:
      return BeforeControl(insn, op, live);
    default:
      // What is not known here reads everything.
      return LiveRegs::All();
  }
}

namespace {

class Liveness {
 public:
  explicit Liveness(Compilation& compilation)
      : insns_(compilation.insns), states_(compilation.states) {}

  void Pass(bool first) {
    first_ = first;
    LiveRegs live = LiveRegs::All();
    for (size_t i = insns_.size(); i-- > 0;) {
      InsnState& state = states_[i];
      if (state.skipped) {
        continue;  // a dead instruction, or a second slot: falls through
      }
      const Op op = static_cast<Op>(state.op);
      live = After(i, op, live);
      state.live_after = live.regs;
      state.live_upper_after = live.upper;
      live = LiveBefore(insns_[i], op, live);
      if (op == Op::kCallSubprogram) {
        live = WithArguments(i, live);
      }
    }
  }

 private:
  /// Live before the instruction at `target`, seen from one at `from`.
  LiveRegs At(uint32_t target, size_t from) const {
    if (target <= from && first_) {
      return LiveRegs::All();
    }
    const InsnState& state = states_[target];
    if (state.skipped) {
      return LiveRegs::All();
    }
    const LiveRegs after = {static_cast<uint16_t>(state.live_after),
                            static_cast<uint16_t>(state.live_upper_after)};
    const Op op = static_cast<Op>(state.op);
    return LiveBefore(insns_[target], op, after);
  }

  /// What is live after instruction `i`, from what is before the next one.
  LiveRegs After(size_t i, Op op, LiveRegs next) const {
    switch (op) {
      case Op::kExit:
        return {0, 0};
      case Op::kGoto:
      case Op::kGotoLong:
        return At(TargetOf(insns_[i], op, i), i);
      case Op::kMayGoto:
        return next | At(TargetOf(insns_[i], op, i), i);
      default:
        return isa::InfoOf(op).family == Family::kJump
                   ? next | At(TargetOf(insns_[i], op, i), i)
                   : next;
    }
  }

  /// A function reads of r1..r5 what is live at its start.
  LiveRegs WithArguments(size_t i, LiveRegs live) const {
    const LiveRegs callee = At(TargetOf(insns_[i], Op::kCallSubprogram, i), i);
    Kill(live, kArguments);
    live.regs = static_cast<uint16_t>(live.regs | (callee.regs & kArguments));
    live.upper =
        static_cast<uint16_t>(live.upper | (callee.upper & kArguments));
    return live;
  }

  const isa::ConstInsns insns_;
  const Span<InsnState> states_;
  bool first_ = true;
};

}  // namespace

void ComputeLiveness(Compilation& compilation) {
  Liveness liveness(compilation);
  liveness.Pass(true);
  liveness.Pass(false);
}

}  // namespace ebpf::jit
