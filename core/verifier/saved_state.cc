// SPDX-License-Identifier: MIT
//
// Behind the SavedState come the references, then each frame's registers and
// slots.
#include "core/verifier/saved_state.h"

#include "core/base/memory.h"

namespace ebpf::verifier {
namespace {

constexpr size_t kAlign = alignof(RegState);
static_assert(sizeof(SavedState) % kAlign == 0 &&
              sizeof(Reference) % kAlign == 0 &&
              sizeof(StackSlot) % kAlign == 0);
static_assert(TriviallyCopyable<RegState> && TriviallyCopyable<StackSlot>);

template <typename T>
T* Put(uint8_t*& at, const T* from, size_t count) {
  T* const here = reinterpret_cast<T*>(at);
  CopyBytes(here, from, count * sizeof(T));
  at += count * sizeof(T);
  return here;
}

}  // namespace

size_t SavedState::SizeOf(const State& state) {
  size_t size = sizeof(SavedState) + state.reference_count * sizeof(Reference);
  for (uint32_t i = 0; i < state.frame_count; ++i) {
    size += sizeof(state.frames[i].regs) +
            state.frames[i].slot_count * sizeof(StackSlot);
  }
  return size;
}

Result<SavedState*> SavedState::Make(const State& state, Allocator& allocator) {
  const size_t size = SizeOf(state);
  void* const memory = allocator.Allocate(size, alignof(SavedState));
  if (memory == nullptr) {
    return Status::kNoMemory;
  }
  SavedState* const saved = ConstructAt<SavedState>(memory);
  saved->size_ = size;
  saved->frame_count_ = state.frame_count;
  saved->regions_ = state.regions;
  saved->lock_ = state.lock;
  saved->reference_count_ = state.reference_count;
  uint8_t* at = static_cast<uint8_t*>(memory) + sizeof(SavedState);
  saved->references_ = Put(at, state.references, state.reference_count);
  for (uint32_t i = 0; i < state.frame_count; ++i) {
    const Frame& frame = state.frames[i];
    FrameView& view = saved->frames_[i];
    view.regs = Put(at, frame.regs, isa::kRegisterCount);
    view.slots = Put(at, frame.slots, frame.slot_count);
    view.slot_count = frame.slot_count;
    view.call_site = frame.call_site;
    view.subprogram = frame.subprogram;
    view.loops = frame.loops;
    view.written = frame.written;
    view.called_back = frame.called_back;
    view.async = frame.async;
  }
  return saved;
}

void SavedState::Free(Allocator& allocator) {
  allocator.Free(this, size_, alignof(SavedState));
}

void SavedState::RestoreTo(State& state) const {
  state.frame_count = frame_count_;
  state.regions = regions_;
  state.lock = lock_;
  state.reference_count = reference_count_;
  CopyBytes(state.references, references_,
            reference_count_ * sizeof(Reference));
  for (uint32_t i = 0; i < frame_count_; ++i) {
    const FrameView& view = frames_[i];
    Frame& frame = state.frames[i];
    CopyBytes(frame.regs, view.regs, sizeof(frame.regs));
    CopyBytes(frame.slots, view.slots, view.slot_count * sizeof(StackSlot));
    frame.slot_count = view.slot_count;
    frame.call_site = view.call_site;
    frame.subprogram = view.subprogram;
    frame.loops = view.loops;
    frame.written = view.written;
    frame.called_back = view.called_back;
    frame.async = view.async;
  }
}

}  // namespace ebpf::verifier
