// SPDX-License-Identifier: MIT
//
// The list of references in a state.
#include "core/verifier/references.h"

#include "core/base/memory.h"

namespace ebpf::verifier {
namespace {

/// The frame of the innermost function that is called back, or 0.
uint32_t CallbackFrame(const State& state) {
  uint32_t frame = state.frame_count - 1;
  while (frame > 0 && !state.frames[frame].called_back) {
    --frame;
  }
  return frame;
}

/// Of dynptrs that hold `id` nothing is left on the stack.
void DropDynptrs(State& state, uint32_t id) {
  for (uint32_t i = 0; i < state.frame_count; ++i) {
    Frame& frame = state.frames[i];
    for (uint32_t s = 0; s < frame.slot_count; ++s) {
      StackSlot& slot = frame.slots[s];
      if (slot.bytes[0] == ByteKind::kDynptr && slot.spilled.reference == id) {
        slot = StackSlot{};
      }
    }
  }
}

Status RefuseHeld(Verification& v, const Reference& held) {
  return v.Reject(Message::kUnreleased, held.id, held.insn);
}

}  // namespace

Status TakeReference(Verification& v, uint32_t& id) {
  State& state = *v.state;
  if (state.reference_count == kMaxReferences) {
    return v.Reject(Message::kTooManyReferences, kMaxReferences);
  }
  id = v.NewId();
  state.references[state.reference_count++] =
      Reference{id, v.index, CallbackFrame(state)};
  return Status::kOk;
}

void ForgetReference(State& state, uint32_t id) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < state.reference_count; ++i) {
    if (state.references[i].id != id) {
      state.references[kept++] = state.references[i];
    }
  }
  state.reference_count = kept;
}

bool MayRelease(const State& state, uint32_t id) {
  for (uint32_t i = 0; i < state.reference_count; ++i) {
    if (state.references[i].id == id) {
      return state.references[i].callback == CallbackFrame(state);
    }
  }
  return false;
}

void ReleaseReference(Verification& v, uint32_t id) {
  ForgetReference(*v.state, id);
  DropDynptrs(*v.state, id);
  ForEachReg(*v.state, [&](RegState& reg) {
    if (reg.IsPointer() && reg.reference == id) {
      reg = RegState::UnknownScalar();
    }
  });
}

Status CheckNothingHeld(Verification& v) {
  Status status = Status::kOk;
  for (uint32_t i = 0; i < v.state->reference_count; ++i) {
    status = RefuseHeld(v, v.state->references[i]);
  }
  return status;
}

Status CheckCallbackHolds(Verification& v) {
  Status status = Status::kOk;
  for (uint32_t i = 0; i < v.state->reference_count; ++i) {
    const Reference& held = v.state->references[i];
    if (held.callback == v.state->frame_count - 1) {
      status = RefuseHeld(v, held);
    }
  }
  return status;
}

}  // namespace ebpf::verifier
