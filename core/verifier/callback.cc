// SPDX-License-Identifier: MIT
//
// A helper that calls back is a loop: at its call it is done, or it calls the
// function, and is at its call again. DESIGN.md has the argument why a state
// there may be cut short although the loop is not walked to its end.
#include "core/verifier/callback.h"

#include "core/base/memory.h"
#include "core/verifier/async_callback.h"
#include "core/verifier/exploration.h"
#include "core/verifier/references.h"
#include "core/verifier/return_value.h"
#include "core/verifier/saved_state.h"
#include "core/verifier/state_log.h"
#include "core/verifier/structure.h"
#include "core/verifier/typed_access.h"
#include "core/verifier/walk_log.h"

namespace ebpf::verifier {
namespace {

constexpr unsigned kResult = 0;
// Arguments of helpers.
constexpr unsigned kCount = 1;  // bpf_loop: how often
constexpr unsigned kLoopFlags = 4;
constexpr unsigned kMap = 1;   // bpf_for_each_map_elem
constexpr unsigned kTask = 1;  // bpf_find_vma

constexpr const char* kVma = "vm_area_struct";
constexpr RegType kElementTypes[] = {RegType::kMapPointer, RegType::kMapKey,
                                     RegType::kMapValue};

/// The argument that is the function; the one behind it is what is passed to
/// that.
unsigned FunctionArgumentOf(const HelperPrototype& helper) {
  unsigned index = 0;
  while (index < kMaxArguments && helper.args[index] != ArgKind::kCallback) {
    ++index;
  }
  return 1 + index;
}

/// How often `helper` calls back at most, as its arguments are.
uint64_t MostCalls(Verification& v, const HelperPrototype& helper) {
  const RegState& count = v.state->reg(kCount);
  return helper.id == helper_id::loop && count.IsScalar()
             ? count.value.wide.umax
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
  callee.async = Async::kNo;
  RegState& stack = callee.regs[isa::kFramePointer];
  stack = RegState::Pointer(RegType::kStack);
  stack.frame = static_cast<uint8_t>(state.frame_count);
  ++state.frame_count;
  return callee;
}

/// What find_vma found, by the kernel's BTF if there is one.
RegState Vma(Verification& v) {
  const btf::Btf* const kernel = v.options.kernel_btf;
  const Result<btf::TypeId> type = kernel != nullptr
                                       ? kernel->Find(btf::Kind::kStruct, kVma)
                                       : Result<btf::TypeId>(Status::kNotFound);
  return type.ok() ? TypedPointer(kernel, *type, 0) : RegState::UnknownScalar();
}

/// A record of a user ring.
RegState RecordDynptr(Verification& v) {
  RegState reg = RegState::Pointer(RegType::kDynptr);
  reg.flags = kRegDynptrLocal | kRegFirstSlot;
  reg.id = v.NewId();
  return reg;
}

bool HoldsNumber(const StackSlot& slot) {
  return slot.bytes[0] != ByteKind::kInvalid && !slot.HasObject() &&
         (!slot.HasSpill() || slot.spilled.IsScalar());
}

void WidenReg(const RegState& earlier, RegState& now) {
  if (!earlier.IsScalar() || !now.IsScalar() || earlier.ignored) {
    return;
  }
  if (!earlier.value.Contains(now.value)) {
    now = RegState::UnknownScalar();
  } else if (earlier.id != 0 &&
             (now.id != earlier.id || now.offset != earlier.offset)) {
    // The number stays; what it equals changes, so nothing does.
    now.id = 0;
    now.offset = 0;
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
  return helper.id != helper_id::timer_set_callback &&
         FunctionArgumentOf(helper) <= kMaxArguments;
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
  if (helper.id == helper_id::loop && v.state->reg(kLoopFlags).IsNull()) {
    v.subprograms[caller.subprogram].has_inline_loop = true;
  }
  const uint32_t callee = SubprogramOf(v, call.callback);
  v.graph[0].Add(caller.subprogram, callee);
  v.subprograms[callee].is_called = true;
  v.touched = FrameMarks::All();
  return KeepForLater(v);
}

void EnterCallback(Verification& v, const HelperPrototype& helper) {
  Frame& caller = v.state->current();
  ++caller.loops.calls;
  const unsigned function = FunctionArgumentOf(helper);
  const uint32_t start = caller.regs[function].memory_size;
  Frame& callee = PushFrame(v, start);
  unsigned next = 1;
  switch (helper.id) {
    case helper_id::loop:
      callee.regs[next++] = RegState::UnknownScalar();
      break;
    case helper_id::find_vma:
      callee.regs[next++] = caller.regs[kTask];
      callee.regs[next++] = Vma(v);
      break;
    case helper_id::user_ringbuf_drain:
      callee.regs[next++] = RecordDynptr(v);
      break;
    default: {
      const RegState& map = caller.regs[kMap];
      for (RegType type : kElementTypes) {
        callee.regs[next++] = ElementArgument(v, type, map.map, map.origin);
      }
    }
  }
  callee.regs[next] = caller.regs[function + 1];
  v.next = start;
}

Status ReturnFromCallback(Verification& v) {
  EBPF_TRY(CheckCallbackHolds(v));
  const RegState& result = v.state->reg(kResult);
  if (!result.IsScalar()) {
    return v.Reject(Message::kNoCallbackResult);
  }
  if (result.value.wide.umax > 1) {
    return v.Reject(Message::kCallbackResult, BoundsText(result.value));
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
