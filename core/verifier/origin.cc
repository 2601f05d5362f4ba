// SPDX-License-Identifier: MIT
//
// One value is followed at a time: a register of one function, or a place of
// its stack. Copies, spills and calls hand over to the next one, until an
// instruction makes the value out of something else.
#include "core/verifier/origin.h"

#include "core/helpers/prototype.h"
#include "core/verifier/arena.h"
#include "core/verifier/structure.h"

namespace ebpf::verifier {
namespace {

using isa::DecodedInsn;
using isa::Family;
using isa::Op;

/// Steps back that are looked at: a rejection must not cost more than a walk.
constexpr uint32_t kMaxSteps = 1 << 16;
constexpr unsigned kFirstArgument = 1;
constexpr unsigned kLastArgument = 5;
constexpr unsigned kResult = 0;

uint32_t BeginOf(const Verification& v) {
  return v.subprograms[v.state->frames[0].subprogram].start;
}

/// What a step over `insn` to `next` does to the depth of calls.
int DepthChange(const DecodedInsn& insn, uint32_t index, uint32_t next) {
  const bool linear = next == index + insn.slots;
  if (insn.op == Op::kExit) {
    return -1;
  }
  if (insn.op == Op::kCallSubprogram) {
    return linear ? 0 : 1;  // a global function is not entered
  }
  if (insn.op == Op::kCallHelper && !linear) {
    return insn.imm == helper_id::tail_call ? -1 : 1;
  }
  return 0;
}

class OriginSearch {
 public:
  OriginSearch(const Verification& v, const PathHistory& path, unsigned reg,
               bool moved_by, PathEvents& events)
      : v_(v),
        reader_(path, BeginOf(v), v.index),
        events_(events),
        reg_(reg),
        moved_by_(moved_by) {}

  void Run() {
    const auto is_second = [&](uint32_t index) {
      return (v_.infos[index].flags & InsnInfo::kSecondSlot) != 0;
    };
    for (uint32_t i = 0; i < kMaxSteps && !done_; ++i) {
      if (!reader_.Back(is_second)) {
        return;
      }
      DecodedInsn insn;
      if (!DecodeAt(v_, reader_.index(), insn)) {
        return;
      }
      const int change = DepthChange(insn, reader_.index(), reader_.next());
      if (change != 0) {
        CrossCall(insn, change);
      } else if (depth_ == wanted_) {
        Look(insn);
      }
    }
  }

 private:
  void Add(PathEvent::Kind kind) {
    events_.Add({reader_.index(), reader_.distance(),
                 static_cast<uint8_t>(reg_), kind});
  }
  void Stop(PathEvent::Kind kind) {
    Add(kind);
    done_ = true;
  }

  /// Back over a call into its caller, or over a return into the callee.
  void CrossCall(const DecodedInsn& insn, int change) {
    const bool at_wanted = depth_ == wanted_;
    depth_ -= change;
    if (!at_wanted) {
      return;
    }
    if (change > 0) {
      // The caller's argument, unless a helper made it.
      const bool passed =
          !on_stack_ && reg_ >= kFirstArgument && reg_ <= kLastArgument;
      if (!passed || insn.op != Op::kCallSubprogram) {
        done_ = true;
        return;
      }
      Add(PathEvent::kArgument);
      wanted_ = depth_;
      return;
    }
    if (!on_stack_ && reg_ == kResult && insn.op == Op::kExit) {
      wanted_ = depth_;  // what the callee returned
    } else if (!on_stack_ && reg_ <= kLastArgument) {
      Stop(PathEvent::kLost);
    }
  }

  void Look(const DecodedInsn& insn) {
    if (on_stack_) {
      LookForStore(insn);
      return;
    }
    switch (insn.info().family) {
      case Family::kAlu:
      case Family::kNegate:
      case Family::kByteSwap:
        Alu(insn);
        break;
      case Family::kLoad:
      case Family::kLoadAcquire:
        if (insn.dst == reg_) {
          Load(insn);
        }
        break;
      case Family::kLoadImm64:
        if (insn.dst == reg_) {
          Stop(PathEvent::kSet);
        }
        break;
      case Family::kAtomicFetch:
      case Family::kAtomicExchange:
        if (insn.src == reg_) {
          Stop(PathEvent::kSet);
        }
        break;
      case Family::kLegacy:
        Call();
        break;
      case Family::kJump:
        if (insn.dst == reg_ ||
            (insn.info().source_is_register && insn.src == reg_)) {
          Jump(insn);
        }
        break;
      case Family::kControl:
        if (insn.op != Op::kGoto && insn.op != Op::kGotoLong &&
            insn.op != Op::kMayGoto && insn.op != Op::kExit) {
          Call();
        }
        break;
      default:
        break;
    }
  }

  void Call() {
    if (reg_ == kResult) {
      Stop(PathEvent::kSet);
    } else if (reg_ <= kLastArgument) {
      Stop(PathEvent::kLost);
    }
  }

  void Jump(const DecodedInsn& insn) {
    const bool jumped = reader_.next() != reader_.index() + insn.slots;
    Add(jumped ? PathEvent::kTaken : PathEvent::kNotTaken);
  }

  void Alu(const DecodedInsn& insn) {
    if (insn.dst != reg_) {
      return;
    }
    const isa::OpInfo& info = insn.info();
    const bool from_reg =
        info.family == Family::kAlu && info.source_is_register;
    const bool move = info.family == Family::kAlu &&
                      (info.operation == isa::Operation::kMov ||
                       info.operation == isa::Operation::kMovSx8 ||
                       info.operation == isa::Operation::kMovSx16 ||
                       info.operation == isa::Operation::kMovSx32);
    if (move && !from_reg) {
      Stop(PathEvent::kSet);
      return;
    }
    Add(move ? PathEvent::kCopied : PathEvent::kChanged);
    if (move) {
      reg_ = insn.src;
    } else if (from_reg && moved_by_) {
      reg_ = insn.src;
      moved_by_ = false;
    }
  }

  void Load(const DecodedInsn& insn) {
    if (insn.src != isa::kFramePointer) {
      Stop(PathEvent::kSet);
      return;
    }
    Add(PathEvent::kLoaded);
    on_stack_ = true;
    offset_ = insn.offset;
  }

  void LookForStore(const DecodedInsn& insn) {
    const Family family = insn.info().family;
    if ((family != Family::kStore && family != Family::kStoreRelease) ||
        insn.dst != isa::kFramePointer || insn.offset != offset_) {
      return;
    }
    if (!insn.info().source_is_register) {
      Stop(PathEvent::kSet);
      return;
    }
    on_stack_ = false;
    reg_ = insn.src;
    Add(PathEvent::kStored);
  }

  const Verification& v_;
  PathReader reader_;
  PathEvents& events_;
  unsigned reg_;
  bool moved_by_;
  bool on_stack_ = false;
  bool done_ = false;
  int16_t offset_ = 0;
  int depth_ = 0;   // of the reader, counted from the current function
  int wanted_ = 0;  // whose register is followed
};

}  // namespace

bool PathEvents::Has(const PathEvent& event) const {
  const bool jump =
      event.kind == PathEvent::kTaken || event.kind == PathEvent::kNotTaken;
  for (uint32_t i = 0; i < count_; ++i) {
    const PathEvent& other = list_[i];
    if (other.distance == event.distance ||
        (jump && other.index == event.index && other.kind == event.kind)) {
      return true;
    }
  }
  return false;
}

void PathEvents::Add(const PathEvent& event) {
  if (count_ < kMax && !Has(event)) {
    list_[count_++] = event;
  }
}

void PathEvents::SortOldestFirst() {
  for (uint32_t i = 1; i < count_; ++i) {
    const PathEvent event = list_[i];
    uint32_t at = i;
    for (; at > 0 && list_[at - 1].distance < event.distance; --at) {
      list_[at] = list_[at - 1];
    }
    list_[at] = event;
  }
}

void FindOrigin(const Verification& v, const PathHistory& path, unsigned reg,
                bool moved_by, PathEvents& events) {
  OriginSearch(v, path, reg, moved_by, events).Run();
}

void FindBranches(const Verification& v, const PathHistory& path,
                  PathEvents& events, uint32_t& more) {
  PathReader reader(path, BeginOf(v), v.index);
  const auto is_second = [&](uint32_t index) {
    return (v.infos[index].flags & InsnInfo::kSecondSlot) != 0;
  };
  more = 0;
  int depth = 0;   // counted from the current function
  int lowest = 0;  // of those that the path was in
  for (uint32_t i = 0; i < kMaxSteps && reader.Back(is_second); ++i) {
    DecodedInsn insn;
    if (!DecodeAt(v, reader.index(), insn)) {
      return;
    }
    const int change = DepthChange(insn, reader.index(), reader.next());
    depth -= change;
    const bool called = change > 0 && depth < lowest;
    lowest = Min(lowest, depth);
    if (insn.info().family != Family::kJump && !called) {
      continue;
    }
    const bool jumped = reader.next() != reader.index() + insn.slots;
    const PathEvent event = {reader.index(), reader.distance(), insn.dst,
                             called   ? PathEvent::kCalled
                             : jumped ? PathEvent::kTaken
                                      : PathEvent::kNotTaken};
    if (events.full() && !events.Has(event)) {
      ++more;
    }
    events.Add(event);
  }
}

}  // namespace ebpf::verifier
