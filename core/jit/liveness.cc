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
  const HelperPrototype* helper = FindHelper(helper_id);
  if (helper == nullptr) {
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

}  // namespace

LiveRegs LiveBefore(const isa::Insn& insn, Op op, LiveRegs live) {
  if (TraitsOf(op).Has(OpTraits::kSpecial)) [[unlikely]] {
    return BeforeSpecial(insn, op, live);
  }
  const LiveMasks& masks = kMasks.of[static_cast<uint8_t>(op)];
  const uint32_t dst = 0x10001u << insn.dst;
  const uint32_t src = 0x10001u << insn.src;
  const uint32_t now = live.regs | uint32_t{live.upper} << 16;
  const uint32_t flows = (now & dst & kUpperHalf) != 0 ? ~0u : 0;
  const uint32_t before =
      (now & ~((dst & masks.kill_dst) | (src & masks.kill_src))) |
      (dst & (masks.use_dst | (masks.flow_dst & flows))) |
      (src & (masks.use_src | (masks.flow_src & flows)));
  return {static_cast<uint16_t>(before), static_cast<uint16_t>(before >> 16)};
}

namespace {

class Liveness {
 public:
  explicit Liveness(Compilation& compilation)
      : insns_(compilation.insns), states_(compilation.states) {}

  void Pass(bool last, bool loops) {
    trusts_back_ = last && loops;
    LiveRegs live = LiveRegs::All();
    for (size_t i = insns_.size(); i-- > 0;) {
      InsnState& state = states_[i];
      if (state.skipped) {
        continue;  // a dead instruction, or a second slot: falls through
      }
      const Op op = static_cast<Op>(state.op);
      if (TraitsOf(op).flags & (OpTraits::kJumps | OpTraits::kEndsPath)) {
        live = After(i, op, live);
      }
      state.live_after = live.regs & 0x3ff;
      state.live_upper_after = live.upper & 0x3ff;
      live = LiveBefore(insns_[i], op, live);
      if (op == Op::kCallSubprogram) {
        live = WithArguments(i, live);
      }
    }
  }

 private:
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
  bool trusts_back_ = false;
};

}  // namespace

void ComputeLiveness(Compilation& compilation, bool loops) {
  Liveness liveness(compilation);
  if (loops) {
    liveness.Pass(false, true);
  }
  liveness.Pass(true, loops);
}

}  // namespace ebpf::jit
