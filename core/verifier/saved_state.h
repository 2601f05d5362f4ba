// SPDX-License-Identifier: MIT
//
// Copies of a State, each in one piece of memory of the size that it needs.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/memory/allocator.h"
#include "core/verifier/frame_state.h"

namespace ebpf::verifier {

/// One function of a saved state.
struct FrameView {
  RegState* regs;
  StackSlot* slots;
  uint32_t slot_count;
  uint32_t call_site;
  uint32_t subprogram;
  LoopState loops;
  FrameMarks written;
  bool called_back;
  Async async;
};

class SavedState {
 public:
  /// What a copy of `state` takes.
  static size_t SizeOf(const State& state);

  /// A copy of `state`, or kNoMemory.
  static Result<SavedState*> Make(const State& state, Allocator& allocator);
  void Free(Allocator& allocator);

  void RestoreTo(State& state) const;

  size_t size() const { return size_; }
  uint32_t frame_count() const { return frame_count_; }
  Span<const Reference> references() const {
    return Span<const Reference>(references_, reference_count_);
  }
  const Regions& regions() const { return regions_; }
  const Lock& lock() const { return lock_; }
  /// Precondition: index < frame_count().
  const FrameView& frame(uint32_t index) const { return frames_[index]; }

 private:
  friend class ebpf::Allocator;

  size_t size_;
  uint32_t frame_count_;
  Regions regions_;
  Lock lock_;
  uint32_t reference_count_;
  Reference* references_;
  FrameView frames_[kMaxFrames];
};

}  // namespace ebpf::verifier
