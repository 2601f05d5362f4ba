// SPDX-License-Identifier: MIT
//
// Following a chain of frame pointers, for the ports' ebpf_port_stack_walk.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::machine {

/// What a frame pointer leads to, and how far from it.
struct FrameLayout {
  int64_t caller_frame;    // the caller's frame pointer
  int64_t return_address;  // into the caller
};

/// Appends to `addresses` what the chain from `frame` on returns to, until it
/// holds `capacity`; the new count. `read(address, word)` reads a word, or says
/// false where the stack is not. Frames only lie higher and higher, so the walk
/// ends. Context: any.
template <typename Read>
size_t WalkFrames(FrameLayout layout, uint64_t frame, const Read& read,
                  uint64_t* addresses, size_t count, size_t capacity) {
  while (count < capacity && frame != 0 && frame % sizeof(uint64_t) == 0) {
    uint64_t caller = 0;
    uint64_t back = 0;
    if (!read(frame + static_cast<uint64_t>(layout.return_address), back) ||
        back == 0) {
      break;
    }
    addresses[count++] = back;
    if (!read(frame + static_cast<uint64_t>(layout.caller_frame), caller) ||
        caller <= frame) {
      break;
    }
    frame = caller;
  }
  return count;
}

}  // namespace ebpf::machine
