// SPDX-License-Identifier: MIT
//
// A walk over frame pointers, as this CPU's calling convention has them.
#pragma once

#include <stdint.h>

namespace guest::jit {

struct Frame {
  uintptr_t pointer;
  uintptr_t return_address;
};

/// Of the function that calls this.
[[gnu::always_inline]] inline Frame CurrentFrame() {
  return {reinterpret_cast<uintptr_t>(__builtin_frame_address(0)), 0};
}

/// Goes to the caller's frame; false where there is none.
bool NextFrame(Frame* frame);

}  // namespace guest::jit
