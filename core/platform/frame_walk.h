// SPDX-License-Identifier: MIT
//
// Following a chain of frame pointers: what ports make ebpf_port_stack_walk of.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/machine/frame_layout.h"
#include "core/platform/nofault.h"

namespace ebpf {

/// Reads the word that lies so far from a frame pointer; false: there is none,
/// or `frame` is nobody's. Context: any.
inline bool ReadFrameWord(uint64_t frame, int64_t offset, uint64_t& word) {
  return frame % sizeof(word) == 0 &&
         ebpf_port_read_nofault(
             &word,
             static_cast<uintptr_t>(frame + static_cast<uint64_t>(offset)),
             sizeof(word));
}

namespace internal {

/// Appends to `addresses` what the chain from `frame` on returns to, until it
/// holds `capacity`; the new count. Frames only lie higher and higher, so the
/// walk ends.
inline size_t WalkFrames(machine::FrameLayout layout, uint64_t frame,
                         uint64_t* addresses, size_t count, size_t capacity) {
  while (count < capacity && frame != 0) {
    uint64_t caller = 0;
    uint64_t back = 0;
    if (!ReadFrameWord(frame, layout.return_address, back) || back == 0) {
      break;
    }
    addresses[count++] = back;
    if (!ReadFrameWord(frame, layout.caller_frame, caller) || caller <= frame) {
      break;
    }
    frame = caller;
  }
  return count;
}

}  // namespace internal

/// ebpf_port_stack_walk, in that function, of a kernel that knows nothing of
/// its processes' stacks: by the frames that are kept, read as memory that may
/// not be there. Where there are none, the interrupted pc is all. `Registers`
/// is the CPU's PtRegs, whose ProgramCounter and FramePointer stand beside
/// `layout` in arch/<isa>/stack_frames.h. Context: any.
template <typename Registers>
[[gnu::always_inline]] inline size_t WalkKernelStack(
    machine::FrameLayout layout, const void* regs, bool user,
    uint64_t* addresses, size_t capacity) {
  if (user || capacity == 0) {
    return 0;
  }
  size_t count = 0;
  auto frame = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
  if (regs != nullptr) {
    const auto& at = *static_cast<const Registers*>(regs);
    addresses[count++] = ProgramCounter(at);
    frame = FramePointer(at);
  }
  return internal::WalkFrames(layout, frame, addresses, count, capacity);
}

}  // namespace ebpf
