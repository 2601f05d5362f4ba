// SPDX-License-Identifier: MIT
//
// The port's hooks for images that have no port: nothing is claimed.
#include "ports/alien/hooks.h"

bool ebpf_alien_breakpoint(alien_ktrap_frame* frame) {
  // As the port: the kernel's own 2 are too few for an ebreak.
  const auto* code = reinterpret_cast<const uint8_t*>(frame->sepc);
  constexpr uint8_t kFullSize = 3;
  if ((code[0] & kFullSize) == kFullSize) {
    frame->sepc += 2;
  }
  return false;
}

bool ebpf_alien_kernel_fault(alien_ktrap_frame* /*frame*/,
                             uintptr_t /*cause*/, uintptr_t /*address*/) {
  return false;
}
