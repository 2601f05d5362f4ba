// SPDX-License-Identifier: MIT
//
// A helper that calls back is a loop: at its call it is done, or it calls the
// function, and is at its call again. DESIGN.md has the argument why a state
// there may be cut short although the loop is not walked to its end.
#include "core/verifier/callback.h"

#include "core/base/memory.h"
#include "core/verifier/exploration.h"
#include "core/verifier/saved_state.h"
#include "core/verifier/state_log.h"
#include "core/verifier/structure.h"
#include "core/verifier/walk_log.h"

namespace ebpf::verifier {
namespace {

constexpr uint32_t kLoop = 181;  // Linux's number of bpf_loop

constexpr unsigned kResult = 0;
// Arguments of both helpers, and of what they call.
constexpr unsigned kCount = 1;  // bpf_loop: how often
constexpr unsigned kMap = 1;    // bpf_for_each_map_elem
constexpr unsigned kFunction = 2;
constexpr unsigned kContext = 3;

/// How often `helper` calls back at most, as its arguments are.
uint64_t MostCalls(Verification& v, const HelperPrototype& helper) {
  const RegState& count = v.state->reg(kCount);
  return helper.id == kLoop && count.IsScalar() ? count.value.wide.umax
                                                : UINT64_MAX;
}

Frame& PushFrame(Verification& v, uint32_t start) {
  State& state = *v.state;
  Frame& callee = state.frames[state.frame_count];
  FillBytes(callee.regs, 0, sizeof(callee.regs));
  callee.slot_count = 0;
  callee.call_site = v.index;
  callee.subprogram = SubprogramOf(v, start);
  callee.loops = LoopState{};
  callee.written = FrameMarks{};
  callee.called_back = true;
  callee.is_async = false;
  RegState& stack = callee.regs[isa::kFramePointer];
  stack = RegState::Pointer(RegType::kStack);
  stack.frame = static_cast<uint8_t>(state.frame_count);
  ++state.frame_count;
  return callee;
}

RegState OfMap(RegType type, const Map* map) {
  RegState reg = RegState::Pointer(type);
  reg.map = map;
  return reg;
}

/// What is called of a number's bounds: " smin=2 smax=3".
Status RefuseResult(Verification& v, const ScalarValue& value) {
  char text[64];
  TextWriter bounds(text, sizeof(text));
  const int64_t smin = static_cast<int64_t>(value.wide.smin);
  const int64_t smax = static_cast<int64_t>(value.wide.smax);
  if (smin != INT64_MIN) {
    bounds.Put(" smin=").PutSigned(smin);
  }
  if (smax != INT64_MAX) {
    bounds.Put(" smax=").PutSigned(smax);
  }
  if (bounds.wanted() == 0) {
    bounds.Put(" unknown scalar value");
  }
  bounds.Put('\0');
  return v.Reject(Message::kCallbackResult, text);
}

bool HoldsNumber(const StackSlot& slot) {
  return slot.bytes[0] != ByteKind::kInvalid && !slot.HasObject() &&
         (!slot.HasSpill() || slot.spilled.IsScalar());
}

void WidenReg(const RegState& earlier, RegState& now) {
  if (earlier.IsScalar() && now.IsScalar() && !earlier.ignored &&
      !(earlier.id == 0 && earlier.value.Contains(now.value))) {
    now = RegState::UnknownScalar();
  }
}

/// Bytes that are the same number or zero in both stay what they are.
void WidenSlot(const StackSlot& earlier, StackSlot& now) {
  if (!HoldsNumber(earlier) || !HoldsNumber(now)) {
    return;
  }
  if (earlier.HasSpill() && now.HasSpill() &&
      earlier.SpillSize() == now.SpillSize()) {
    WidenReg(earlier.spilled, now.spilled);
    return;
  }
  for (uint32_t i = 0; i < kSlotSize; ++i) {
    const ByteKind kind = now.bytes[i];
    if (kind != earlier.bytes[i] && kind != ByteKind::kInvalid) {
      if (now.HasSpill()) {
        now.DropSpill();
      }
      now.bytes[i] = ByteKind::kMisc;
    }
  }
}

}  // namespace

bool CallsBack(const HelperPrototype& helper) {
  for (ArgKind kind : helper.args) {
    if (kind == ArgKind::kCallback) {
      return true;
    }
  }
  return false;
}

Status CheckCallback(Verification& v, const HelperPrototype& helper,
                     const HelperCall& call) {
  v.info().call.Meet(CallNote::Of(call.callback));
  Frame& caller = v.state->current();
  if (caller.loops.calls >= MostCalls(v, helper)) {
    return Status::kOk;
  }
  if (v.state->frame_count == kMaxFrames) {
    return v.Reject(Message::kTooDeep, kMaxFrames + 1);
  }
  v.graph[0].Add(caller.subprogram, SubprogramOf(v, call.callback));
  v.touched = FrameMarks::All();
  return KeepForLater(v);
}

void EnterCallback(Verification& v, const HelperPrototype& helper) {
  Frame& caller = v.state->current();
  ++caller.loops.calls;
  const uint32_t start = caller.regs[kFunction].memory_size;
  Frame& callee = PushFrame(v, start);
  unsigned next = 1;
  if (helper.id == kLoop) {
    callee.regs[next++] = RegState::UnknownScalar();
  } else {
    const Map* map = caller.regs[kMap].map;
    callee.regs[next++] = OfMap(RegType::kMapPointer, map);
    callee.regs[next++] = OfMap(RegType::kMapKey, map);
    callee.regs[next++] = OfMap(RegType::kMapValue, map);
  }
  callee.regs[next] = caller.regs[kContext];
  v.next = start;
}

Status ReturnFromCallback(Verification& v) {
  const RegState& result = v.state->reg(kResult);
  if (!result.IsScalar()) {
    return v.Reject(Message::kNoCallbackResult);
  }
  if (result.value.wide.umax > 1) {
    return RefuseResult(v, result.value);
  }
  v.next = v.state->current().call_site;
  LogFrame(v, "returning from callee:");
  --v.state->frame_count;
  LogReturn(v, v.next);
  v.log_state = true;
  return Status::kOk;
}

void EndCallbacks(Verification& v) {
  LoopState& loops = v.state->current().loops;
  loops.loop = 0;
  loops.calls = 0;
}

void Widen(Verification& v, const SavedState& earlier, uint32_t rounds) {
  State& now = *v.state;
  if (rounds < v.widen_after) {
    return;
  }
  v.widened = true;
  for (uint32_t i = 0; i < now.frame_count; ++i) {
    const FrameView& old = earlier.frame(i);
    Frame& frame = now.frames[i];
    for (unsigned r = 0; r < isa::kRegisterCount; ++r) {
      WidenReg(old.regs[r], frame.regs[r]);
    }
    for (uint32_t s = 0; s < Min(old.slot_count, frame.slot_count); ++s) {
      WidenSlot(old.slots[s], frame.slots[s]);
    }
  }
}

}  // namespace ebpf::verifier
