// SPDX-License-Identifier: MIT
//
// How DragonOS finds the current task: by the stack pointer alone.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace guest {
struct Thread;

namespace dragonos {

/// Kernel stacks have this size and alignment.
inline constexpr size_t kStackSize = 0x8000;

/// The lowest word of the stack that `inside` points into. Code that runs on a
/// stack of its own finds garbage there, or faults.
inline Thread** CurrentWord(uintptr_t inside) {
  return reinterpret_cast<Thread**>(inside & ~(kStackSize - 1));
}

inline Thread* Current() {
  return *CurrentWord(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)));
}

/// For a test: who has been interrupted holds the lock of its task's name.
extern bool name_is_locked;

}  // namespace dragonos
}  // namespace guest
