// SPDX-License-Identifier: MIT
//
// A set of registers and slots per function is carried back over the path, as
// far as the last state that was kept: each instruction that makes one of them
// puts what it is made of into its place. Slots are followed where they are
// named by r10; what is known to be the same number is not.
#include "core/verifier/precision_log.h"

#include "core/helpers/prototype.h"
#include "core/verifier/arena.h"
#include "core/verifier/callback.h"
#include "core/verifier/exploration.h"
#include "core/verifier/insn_log.h"

namespace ebpf::verifier {
namespace {

using isa::DecodedInsn;
using isa::Family;
using isa::Op;

/// Steps back: a log must not cost more than a walk.
constexpr uint32_t kMaxSteps = 1 << 14;
constexpr uint16_t kArguments = 0x3e;  // r1..r5
constexpr int32_t kLoopHelper = 181;

bool IsMove(const isa::OpInfo& info) {
  return info.family == Family::kAlu && isa::IsMove(info.operation);
}

class Backtrack {
 public:
  Backtrack(Verification& v, unsigned reg)
      : v_(v), out_(v.log.writer()), frame_(v.state->frame_count - 1) {
    wanted_[frame_].regs = RegBit(reg);
  }

  void Run() {
    const ExploredState* kept = v_.parent;
    const uint32_t first = kept != nullptr ? kept->index : Begin();
    const uint32_t jumps_before = kept != nullptr ? kept->path_length : 0;
    Head();
    out_.Put("last_idx ").PutUnsigned(v_.index).Put(" first_idx ");
    out_.PutUnsigned(first).Put(" subseq_idx -1 \n");
    PathReader reader(v_.record->path, Begin(), v_.index);
    const auto is_second = [&](uint32_t index) {
      return (v_.infos[index].flags & InsnInfo::kSecondSlot) != 0;
    };
    for (uint32_t i = 0; i < kMaxSteps && !IsEmpty(); ++i) {
      if (reader.left() == jumps_before && reader.index() == first) {
        return;  // the state that was kept stands for what was before
      }
      if (!reader.Back(is_second)) {
        return;
      }
      DecodedInsn insn;
      if (DecodeInsn(v_.insns, reader.index(), insn) !=
          isa::DecodeError::kNone) {
        return;
      }
      Show(reader.index());
      if (!StepBack(insn, reader.index(), reader.next())) {
        return;
      }
    }
  }

 private:
  struct Wanted {
    uint64_t slots = 0;
    uint16_t regs = 0;
  };

  uint32_t Begin() const {
    return v_.subprograms[v_.state->frames[0].subprogram].start;
  }

  bool IsEmpty() const {
    for (const Wanted& wanted : wanted_) {
      if (wanted.regs != 0 || wanted.slots != 0) {
        return false;
      }
    }
    return true;
  }

  Wanted& now() { return wanted_[frame_]; }
  bool Has(unsigned reg) { return (now().regs & RegBit(reg)) != 0; }
  void Add(unsigned reg) {
    if (reg != isa::kFramePointer) {
      now().regs = static_cast<uint16_t>(now().regs | RegBit(reg));
    }
  }
  void Remove(uint16_t regs) {
    now().regs = static_cast<uint16_t>(now().regs & ~regs);
  }

  void Head() { out_.Put("mark_precise: frame").PutUnsigned(frame_).Put(": "); }

  void Show(uint32_t index) {
    Head();
    out_.Put("regs=");
    bool first = true;
    for (unsigned r = 0; r < isa::kRegisterCount; ++r) {
      if (Has(r)) {
        out_.Put(first ? "r" : ",r").PutUnsigned(r);
        first = false;
      }
    }
    out_.Put(" stack=");
    first = true;
    for (uint32_t slot = 0; slot < kMaxSlots; ++slot) {
      if ((now().slots >> slot & 1) != 0) {
        out_.Put(first ? "-" : ",-").PutUnsigned((slot + 1) * kSlotSize);
        first = false;
      }
    }
    out_.Put(" before ").PutUnsigned(index).Put(": ");
    WriteInsn(out_, v_.insns, index, v_.options.kernel_btf);
    out_.Put('\n');
  }

  /// False where what is asked for cannot be followed.
  bool StepBack(const DecodedInsn& insn, uint32_t index, uint32_t next) {
    switch (insn.info().family) {
      case Family::kAlu:
        Alu(insn);
        return true;
      case Family::kLoad:
      case Family::kLoadAcquire:
        Load(insn);
        return true;
      case Family::kStore:
      case Family::kStoreRelease:
        return Store(insn);
      case Family::kAtomicFetch:
      case Family::kAtomicExchange:
        Remove(insn.info().operation == isa::Operation::kCmpXchg
                   ? RegBit(0)
                   : RegBit(insn.src));
        return true;
      case Family::kJump:
        Jump(insn);
        return true;
      case Family::kLoadImm64:
        Remove(RegBit(insn.dst));
        return true;
      case Family::kLegacy:
        return !Has(0);
      case Family::kControl:
        return Control(insn, index, next);
      default:
        return true;  // negations and byte swaps: of the same register
    }
  }

  void Alu(const DecodedInsn& insn) {
    if (!Has(insn.dst)) {
      return;
    }
    if (IsMove(insn.info())) {
      Remove(RegBit(insn.dst));
    }
    if (insn.info().source_is_register) {
      Add(insn.src);
    }
  }

  /// The slot at r10 + `offset`, as a bit; 0 if it is none.
  static uint64_t SlotBit(unsigned base, int32_t offset) {
    const bool known = base == isa::kFramePointer && offset < 0 &&
                       offset >= -static_cast<int32_t>(kMaxStackBytes);
    return known ? uint64_t{1} << SlotOf(offset) : 0;
  }

  void Load(const DecodedInsn& insn) {
    if (Has(insn.dst)) {
      Remove(RegBit(insn.dst));
      now().slots |= SlotBit(insn.src, insn.offset);
    }
  }

  bool Store(const DecodedInsn& insn) {
    if (Has(insn.dst)) {
      return false;  // an address that was made of a number
    }
    const uint64_t slot = SlotBit(insn.dst, insn.offset);
    if ((now().slots & slot) != 0) {
      now().slots &= ~slot;
      if (insn.info().source_is_register) {
        Add(insn.src);
      }
    }
    return true;
  }

  void Jump(const DecodedInsn& insn) {
    if (insn.info().source_is_register && (Has(insn.dst) || Has(insn.src))) {
      Add(insn.dst);
      Add(insn.src);
    }
  }

  bool Control(const DecodedInsn& insn, uint32_t index, uint32_t next) {
    const bool linear = next == index + insn.slots;
    if (insn.op == Op::kExit) {
      return IntoCallee(next);
    }
    if (insn.op == Op::kGoto || insn.op == Op::kGotoLong ||
        insn.op == Op::kMayGoto) {
      return true;
    }
    if (linear) {
      Remove(RegBit(0));
      return true;
    }
    // The begin of a function: its arguments are the caller's.
    if (frame_ == 0) {
      return false;
    }
    const uint16_t passed =
        insn.op == Op::kCallSubprogram ? now().regs & kArguments : uint16_t{0};
    now() = Wanted{};
    --frame_;
    now().regs = static_cast<uint16_t>(now().regs | passed);
    return true;
  }

  /// From behind a call to the end of what was called.
  bool IntoCallee(uint32_t next) {
    if (frame_ + 1 == kMaxFrames) {
      return false;
    }
    DecodedInsn call;
    const bool called =
        next > 0 &&
        DecodeInsn(v_.insns, next - 1, call) == isa::DecodeError::kNone &&
        call.op == Op::kCallSubprogram;
    const bool result = called && Has(0);
    Remove(called ? RegBit(0) : static_cast<uint16_t>(RegBit(0) | kArguments));
    ++frame_;
    now() = Wanted{};
    if (result) {
      Add(0);
    }
    return true;
  }

  Verification& v_;
  TextWriter& out_;
  uint32_t frame_;
  Wanted wanted_[kMaxFrames];
};

bool IsWanted(const Verification& v) {
  return v.record != nullptr && v.log.wants(kLogStates);
}

void Mark(Verification& v, unsigned reg) {
  if (v.state->reg(reg).IsScalar()) {
    Backtrack(v, reg).Run();
  }
}

bool MovesPointer(const Verification& v, const DecodedInsn& insn) {
  const isa::OpInfo& info = insn.info();
  return info.family == Family::kAlu && info.width == 64 &&
         info.source_is_register && !IsMove(info) &&
         v.state->reg(insn.dst).IsPointer() !=
             v.state->reg(insn.src).IsPointer();
}

void MarkSizes(Verification& v, const DecodedInsn& insn) {
  const HelperPrototype* helper = FindHelper(static_cast<uint32_t>(insn.imm));
  for (unsigned i = 0; helper != nullptr && i < 5; ++i) {
    const ArgKind kind = helper->args[i];
    if (kind == ArgKind::kSize || kind == ArgKind::kSizeOrZero ||
        kind == ArgKind::kAllocSize) {
      Mark(v, 1 + i);
    }
  }
  if (insn.imm == kLoopHelper) {
    if (v.state->reg(4).IsNull()) {
      Mark(v, 4);
    }
    Mark(v, 1);
  }
}

}  // namespace

void LogPrecision(Verification& v, const DecodedInsn& insn) {
  if (!IsWanted(v)) {
    return;
  }
  if (insn.op == Op::kCallHelper) {
    MarkSizes(v, insn);
  } else if (insn.op == Op::kExit && v.state->current().called_back) {
    Mark(v, 0);
  } else if (insn.info().family == Family::kAlu && MovesPointer(v, insn)) {
    Mark(v, v.state->reg(insn.dst).IsPointer() ? insn.src : insn.dst);
  }
}

void LogDecision(Verification& v, const DecodedInsn& insn) {
  if (!IsWanted(v)) {
    return;
  }
  Mark(v, insn.dst);
  if (insn.info().source_is_register) {
    Mark(v, insn.src);
  }
}

}  // namespace ebpf::verifier
