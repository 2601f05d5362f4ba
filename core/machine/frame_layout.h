// SPDX-License-Identifier: MIT
//
// Where a chain of frame pointers leads: core/platform/frame_walk.h follows it.
#pragma once

#include <stdint.h>

namespace ebpf::machine {

/// What a frame pointer leads to, and how far from it.
struct FrameLayout {
  int64_t caller_frame;    // the caller's frame pointer
  int64_t return_address;  // into the caller
};

}  // namespace ebpf::machine
