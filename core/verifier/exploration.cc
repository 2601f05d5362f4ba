// SPDX-License-Identifier: MIT
//
// Paths are walked depth first. A state that is kept counts the paths from it
// that are not at their ends (`branches`); it can save other paths only when
// there is none left: until then, a path that comes back to it is in a loop,
// and nothing shows that the loop ends. As the branch that is walked next is
// always the newest, a state with branches left is one that the current path
// came through.
#include "core/verifier/exploration.h"

#include "core/verifier/arena.h"
#include "core/verifier/branch.h"
#include "core/verifier/call.h"
#include "core/verifier/callback.h"
#include "core/verifier/iterator.h"
#include "core/verifier/kfunc_call.h"
#include "core/verifier/relevance.h"
#include "core/verifier/subprogram_call.h"
#include "core/verifier/walk_log.h"

namespace ebpf::verifier {
namespace {

/// A state is kept when this much was walked since the last one; in a loop,
/// where most states do not come again, more.
constexpr uint32_t kJumpsBetween = 2;
constexpr uint32_t kInsnsBetween = 8;
constexpr uint32_t kLoopJumpsBetween = 8;
constexpr uint32_t kLoopInsnsBetween = 32;
/// A state that misses so often, and more for each hit, is dropped.
constexpr uint32_t kMissesAllowed = 48;
constexpr uint32_t kMissesPerHit = 16;
constexpr uint32_t kMaxPerInsn = 64;

SavedState* Save(Verification& v, Status& status) {
  const Result<SavedState*> saved = SavedState::Make(*v.state, v.allocator);
  status = saved.status();
  if (!saved.ok()) {
    return nullptr;
  }
  v.saved_bytes += (*saved)->size();
  return *saved;
}

void Discard(Verification& v, SavedState* saved) {
  v.saved_bytes -= saved->size();
  saved->Free(v.allocator);
}

/// Takes `*link` out of its instruction's list.
void Drop(Verification& v, InsnInfo& info, ExploredState** link) {
  ExploredState* const state = *link;
  *link = state->next;
  --info.explored_count;
  --v.states_now;
  Discard(v, state->saved);
  state->saved = nullptr;
  if (state->branches == 0) {
    v.allocator.Delete(state);
  }
}

/// The path from `state` and its parents is at its end.
void EndPath(Verification& v) {
  ExploredState* state = v.parent;
  while (state != nullptr && --state->branches == 0) {
    ExploredState* const parent = state->parent;
    if (state->begins != 0) {
      v.loops_done[state->begins] = true;
    }
    if (state->saved == nullptr) {
      v.allocator.Delete(state);
    }
    state = parent;
  }
  v.parent = nullptr;
}

void IgnoreNumbers(const FrameView& frame, const Relevant& relevant) {
  for (unsigned r = 0; r < isa::kRegisterCount; ++r) {
    RegState& reg = frame.regs[r];
    if (reg.IsScalar() && (relevant.regs >> r & 1) == 0) {
      reg = RegState::UnknownScalar();
      reg.ignored = true;
    }
  }
  for (uint32_t i = 0; i < frame.slot_count; ++i) {
    StackSlot& slot = frame.slots[i];
    if ((relevant.slots >> i & 1) != 0 || slot.HasObject() ||
        (slot.HasSpill() && !slot.spilled.IsScalar()) || slot.HasObject()) {
      continue;
    }
    slot.spilled = RegState{};
    for (ByteKind& byte : slot.bytes) {
      byte = byte == ByteKind::kInvalid ? byte : ByteKind::kIgnored;
    }
  }
}

/// In what is kept, registers that nobody reads any more may be anything, and
/// numbers that do not matter any number: then they differ from nothing.
void Forget(const Verification& v, SavedState& saved) {
  const uint32_t innermost = saved.frame_count() - 1;
  for (uint32_t i = 0; i <= innermost; ++i) {
    const FrameView& frame = saved.frame(i);
    // A caller goes on behind its call, with the callee's result in r0.
    // Or, if that is called back, at the call.
    const uint32_t call = i == innermost ? 0 : saved.frame(i + 1).call_site;
    const uint32_t at = i == innermost                   ? v.index
                        : saved.frame(i + 1).called_back ? call
                                                         : call + 1;
    for (unsigned r = 0; r < isa::kRegisterCount; ++r) {
      if (r != isa::kFramePointer && (v.infos[at].live >> r & 1) == 0) {
        frame.regs[r] = RegState{};
      }
    }
    IgnoreNumbers(frame, RelevantAt(v, i == innermost ? v.index : call));
  }
}

void CountStates(Verification& v, const InsnInfo& info) {
  Stats& stats = v.stats;
  ++stats.total_states;
  stats.peak_states = Max(stats.peak_states, ++v.states_now);
  stats.max_states_per_insn =
      Max(stats.max_states_per_insn, uint32_t{info.explored_count} - 1);
}

Status Keep(Verification& v, uint32_t begins) {
  InsnInfo& info = v.info();
  v.jumps_at_last_state = v.jumps_walked;
  v.insns_at_last_state = v.stats.insns_processed;
  if (v.saved_bytes + SavedState::SizeOf(*v.state) > kMaxExploredBytes) {
    return Status::kOk;  // sound without, only slower
  }
  if (info.explored_count == kMaxPerInsn) {
    ExploredState** oldest = &info.explored;
    while ((*oldest)->next != nullptr) {
      oldest = &(*oldest)->next;
    }
    Drop(v, info, oldest);
  }
  ExploredState* const state = EBPF_TRY(v.allocator.New<ExploredState>());
  Status status = Status::kOk;
  state->saved = Save(v, status);
  if (state->saved == nullptr) {
    v.allocator.Delete(state);
    return status;
  }
  Forget(v, *state->saved);
  state->parent = v.parent;
  state->branches = 1;
  state->begins = begins;
  state->index = v.index;
  state->path_length = v.record != nullptr ? v.record->path.length() : 0;
  state->next = info.explored;
  info.explored = state;
  v.parent = state;
  ++info.explored_count;
  CountStates(v, info);
  for (uint32_t i = 0; i < v.state->frame_count; ++i) {
    v.state->frames[i].written = FrameMarks{};
  }
  return Status::kOk;
}

/// Whether all paths are walked from where each loop of `old` began that is not
/// one of those in which this path is now.
bool LoopsWalked(const Verification& v, const ExploredState& old) {
  for (uint32_t i = 0; i < v.state->frame_count; ++i) {
    const LoopState& then = old.saved->frame(i).loops;
    const LoopState& now = v.state->frames[i].loops;
    if ((then.loop != now.loop && !v.loops_done[then.loop]) ||
        (then.activation != now.activation && !v.loops_done[then.activation])) {
      return false;
    }
  }
  return IteratorsWalked(v, *old.saved, *v.state);
}

/// Whether the path came through `old` in the same loop, one round or more ago:
/// at the same call of the helper, in the same activation of the function,
/// before a step of the same iterator.
bool IsEarlierRound(const Verification& v, const SavedState& old) {
  if (old.frame_count() != v.state->frame_count) {
    return false;
  }
  const uint16_t flags = v.infos[v.index].flags;
  if ((flags & InsnInfo::kIteratorSteps) != 0) {
    return SteppedSince(old, *v.state);
  }
  const LoopState& now = v.state->current().loops;
  const LoopState& then = old.frame(v.state->frame_count - 1).loops;
  return (flags & InsnInfo::kCallsBack) != 0
             ? then.loop == now.loop && then.calls < now.calls
             : then.activation == now.activation && then.gotos < now.gotos;
}

/// Whether the round of a loop that ends by itself brings nothing new.
bool ClosesLoop(Verification& v, const ExploredState& old) {
  return IsEarlierRound(v, *old.saved) && LoopsWalked(v, old) &&
         Matches(*old.saved, *v.state, Comparing::kCovers, *v.ids);
}

/// Whether all paths from `old` are walked, but for those that close loops of
/// which the path that is walked now is a part, too.
bool IsWalked(const Verification& v, const ExploredState& old) {
  return old.branches == 0 &&
         old.saved->frame_count() == v.state->frame_count &&
         LoopsWalked(v, old);
}

Status BeginLoop(Verification& v, uint32_t& begins) {
  if (begins == 0) {
    EBPF_TRY(v.loops_done.PushBack(false));
    begins = static_cast<uint32_t>(v.loops_done.size() - 1);
  }
  return Status::kOk;
}

/// The newest state that the path came through here in the same loop.
const SavedState* LastRound(const Verification& v) {
  for (const ExploredState* old = v.infos[v.index].explored; old != nullptr;
       old = old->next) {
    if (old->branches > 0 && IsEarlierRound(v, *old->saved)) {
      return old->saved;
    }
  }
  return nullptr;
}

/// How many rounds that loop has gone.
uint32_t RoundsOf(const Verification& v) {
  if ((v.infos[v.index].flags & InsnInfo::kIteratorSteps) != 0) {
    return IteratorDepth(*v.state);
  }
  const LoopState& loops = v.state->current().loops;
  return Max(loops.calls, loops.gotos);
}

/// Keeps the state if it is one of a loop that ends by itself: where that
/// begins, and at each round. `kept` tells whether it was.
Status KeepInLoop(Verification& v, bool& kept) {
  Frame& frame = v.state->current();
  const bool calls_back = (v.info().flags & InsnInfo::kCallsBack) != 0;
  const bool may_goto = (v.info().flags & InsnInfo::kMayGoto) != 0;
  uint32_t begins = 0;
  if (frame.loops.activation == 0 &&
      v.subprograms[frame.subprogram].has_may_goto) {
    EBPF_TRY(BeginLoop(v, begins));
    frame.loops.activation = begins;
  }
  if ((v.info().flags & InsnInfo::kIteratorBegins) != 0) {
    EBPF_TRY(BeginLoop(v, begins));
    v.loop_begun = begins;
  }
  const bool steps = (v.info().flags & InsnInfo::kIteratorSteps) != 0;
  if (calls_back && frame.loops.loop == 0) {
    EBPF_TRY(BeginLoop(v, begins));
    frame.loops.loop = begins;
  } else if (calls_back || may_goto || steps) {
    const SavedState* earlier = LastRound(v);
    if (earlier != nullptr) {
      Widen(v, *earlier, RoundsOf(v));
    }
  }
  kept = begins != 0 || calls_back || may_goto || steps;
  return kept ? Keep(v, begins) : Status::kOk;
}

}  // namespace

Status KeepForLater(Verification& v) {
  if (v.pending_count == kMaxPending ||
      v.saved_bytes + SavedState::SizeOf(*v.state) > kMaxSavedBytes) {
    return v.Reject(Message::kTooManyBranches, v.pending_count);
  }
  PendingBranch* const branch = EBPF_TRY(v.allocator.New<PendingBranch>());
  Status status = Status::kOk;
  branch->saved = Save(v, status);
  if (branch->saved == nullptr) {
    v.allocator.Delete(branch);
    return status;
  }
  branch->parent = v.parent;
  if (v.parent != nullptr) {
    ++v.parent->branches;
  }
  branch->index = v.index;
  branch->log_position = v.log.writer().wanted();
  branch->path_length = v.record != nullptr ? v.record->path.length() : 0;
  branch->below = v.pending;
  v.pending = branch;
  ++v.pending_count;
  return Status::kOk;
}

bool NextPath(Verification& v) {
  EndPath(v);
  PendingBranch* const branch = v.pending;
  if (branch == nullptr) {
    return false;
  }
  v.pending = branch->below;
  --v.pending_count;
  branch->saved->RestoreTo(*v.state);
  v.parent = branch->parent;
  v.index = branch->index;
  if (v.record != nullptr) {
    v.record->path.ReturnTo(branch->path_length);
  }
  if (!v.log.wants(kLogStates)) {
    // Only the path that is refused is of interest.
    CutLog(v, branch->log_position);
  }
  Discard(v, branch->saved);
  v.allocator.Delete(branch);
  isa::DecodedInsn insn;
  if (DecodeInsn(v.insns, v.index, insn) == isa::DecodeError::kNone) {
    if (insn.op == isa::Op::kCallHelper) {
      EnterOtherSide(v, insn);
    } else if (insn.op == isa::Op::kCallKernel) {
      EnterElement(v, insn);
    } else if (insn.op == isa::Op::kMayGoto) {
      GoOnBehindMayGoto(v);
    } else if (insn.info().family == isa::Family::kLegacy) {
      ReturnEarly(v, RegState::Constant(0));
    } else {
      EnterSide(v, insn, true);
    }
  }
  v.GoOn();
  v.log_state = true;
  v.touched = FrameMarks::All();
  return true;
}

Status CheckSeen(Verification& v, bool& seen) {
  InsnInfo& info = v.info();
  const uint32_t jumps = v.jumps_walked - v.jumps_at_last_state;
  const uint32_t insns = v.stats.insns_processed - v.insns_at_last_state;
  const bool ends_by_itself =
      (info.flags & (InsnInfo::kCallsBack | InsnInfo::kMayGoto |
                     InsnInfo::kIteratorSteps)) != 0;
  const bool frequent = v.options.frequent_states;
  bool keep = frequent || (jumps >= kJumpsBetween && insns >= kInsnsBetween);
  ExploredState** link = &info.explored;
  while (*link != nullptr) {
    ExploredState* const old = *link;
    if (old->branches > 0) {
      if (ends_by_itself && ClosesLoop(v, *old)) {
        seen = true;
        return Status::kOk;
      }
      if (Matches(*old->saved, *v.state, Comparing::kSame, *v.ids)) {
        return v.Reject(Message::kInfiniteLoop, v.index);
      }
      if (!frequent && jumps < kLoopJumpsBetween && insns < kLoopInsnsBetween) {
        keep = false;
      }
    } else if (IsWalked(v, *old) &&
               Matches(*old->saved, *v.state, Comparing::kCovers, *v.ids)) {
      ++old->hits;
      seen = true;
      return Status::kOk;
    }
    ++old->misses;
    if (old->misses > kMissesAllowed + old->hits * kMissesPerHit) {
      Drop(v, info, link);
    } else {
      link = &old->next;
    }
  }
  bool kept = false;
  EBPF_TRY(KeepInLoop(v, kept));
  return keep && !kept ? Keep(v, 0) : Status::kOk;
}

void FreeExploration(Verification& v) {
  while (v.pending != nullptr) {
    PendingBranch* const branch = v.pending;
    v.pending = branch->below;
    EndPath(v);
    v.parent = branch->parent;
    Discard(v, branch->saved);
    v.allocator.Delete(branch);
  }
  EndPath(v);
  for (InsnInfo& info : v.infos) {
    while (info.explored != nullptr) {
      Drop(v, info, &info.explored);
    }
  }
}

}  // namespace ebpf::verifier
