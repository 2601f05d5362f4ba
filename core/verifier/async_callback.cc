// SPDX-License-Identifier: MIT
//
// They run when the program is long gone, on a stack of their own, and know
// nothing of it but the map: so each is walked by itself, once for each map
// that it is left with. What one leaves in turn is found on the way.
#include "core/verifier/async_callback.h"

#include "core/base/memory.h"
#include "core/verifier/global_function.h"
#include "core/verifier/return_value.h"
#include "core/verifier/structure.h"
#include "core/verifier/walk.h"

namespace ebpf::verifier {
namespace {

constexpr unsigned kResult = 0;
constexpr uint32_t kMaxCallbacks = 256;

void Begin(Verification& v, const AsyncCallback& callback) {
  State& state = *v.state;
  Reset(state);
  Frame& frame = state.current();
  frame.subprogram = callback.subprogram;
  frame.async = callback.async;
  frame.regs[isa::kFramePointer] = RegState::Pointer(RegType::kStack);
  const uint32_t origin = callback.inner ? v.NewId() : 0;
  frame.regs[1] =
      ElementArgument(v, RegType::kMapPointer, callback.map, origin);
  frame.regs[2] = ElementArgument(v, RegType::kMapKey, callback.map, origin);
  frame.regs[3] = ElementArgument(v, RegType::kMapValue, callback.map, origin);
  v.index = v.subprograms[callback.subprogram].start;
  v.log_state = true;
  v.touched = FrameMarks::All();
}

}  // namespace

Status AddAsyncCallback(Verification& v, uint32_t start, const Map* map,
                        bool inner, Async async) {
  const uint32_t subprogram = SubprogramOf(v, start);
  for (const AsyncCallback& other : v.async_callbacks) {
    if (other.subprogram == subprogram && other.map == map &&
        other.inner == inner && other.async == async) {
      return Status::kOk;
    }
  }
  if (v.async_callbacks.size() == kMaxCallbacks) {
    return v.Reject(Message::kTooManyAsync, kMaxCallbacks);
  }
  v.subprograms[subprogram].is_async = true;
  return v.async_callbacks.PushBack(
      AsyncCallback{subprogram, map, inner, async, false});
}

Status WalkAsyncCallbacks(Verification& v, bool& walked) {
  for (size_t i = 0; i < v.async_callbacks.size(); ++i) {
    if (v.async_callbacks[i].walked) {
      continue;
    }
    v.async_callbacks[i].walked = true;
    Begin(v, v.async_callbacks[i]);
    EBPF_TRY(Walk(v));
    ForgetPaths(v);
    walked = true;
  }
  return Status::kOk;
}

Status CheckAsyncResult(Verification& v) {
  EBPF_TRY(CheckReadable(v, kResult));
  const RegState& result = v.state->reg(kResult);
  if (!result.IsScalar()) {
    return v.Reject(Message::kAsyncNoResult, TypeName(result));
  }
  return result.IsNull()
             ? Status::kOk
             : v.Reject(Message::kAsyncResult, BoundsText(result.value));
}

RegState ElementArgument(Verification& v, RegType type, const Map* map,
                         uint32_t origin) {
  RegState reg = RegState::Pointer(type);
  reg.map = map;
  reg.origin = origin;
  // Tells whose lock is held.
  if (type == RegType::kMapValue && !map->fields().empty()) {
    reg.id = v.NewId();
  }
  return reg;
}

}  // namespace ebpf::verifier
