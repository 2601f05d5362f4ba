// SPDX-License-Identifier: MIT
//
// Slots of the stack.
#include "core/verifier/frame_state.h"

#include "core/base/memory.h"

namespace ebpf::verifier {

uint32_t StackSlot::SpillSize() const {
  uint32_t size = 0;
  while (size < kSlotSize && bytes[size] == ByteKind::kSpill) {
    ++size;
  }
  return size;
}

void StackSlot::DropSpill() {
  for (ByteKind& byte : bytes) {
    if (byte == ByteKind::kSpill) {
      byte = ByteKind::kMisc;
    }
  }
  spilled = RegState{};
}

void Reset(State& state) {
  state.frame_count = 1;
  state.regions = {};
  state.lock = {};
  state.reference_count = 0;
  Frame& frame = state.frames[0];
  FillBytes(frame.regs, 0, sizeof(frame.regs));
  frame.slot_count = 0;
  frame.call_site = 0;
  frame.subprogram = 0;
  frame.loops = {};
  frame.written = {};
  frame.called_back = false;
  frame.async = {};
}

void Frame::GrowTo(uint32_t count) {
  if (count > slot_count) {
    FillBytes(&slots[slot_count], 0, (count - slot_count) * sizeof(StackSlot));
    slot_count = count;
  }
}

}  // namespace ebpf::verifier
