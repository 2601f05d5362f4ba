// SPDX-License-Identifier: MIT
//
// core/platform/stack.h on DragonOS.
#include "core/platform/stack.h"

#include "ports/dragonos/machine.h"

// All of a task's kernel stacks are such blocks, the one of its system calls,
// too, and those that CPUs boot on.
extern "C" bool ebpf_port_stack_bounds(uintptr_t sp, uintptr_t* begin,
                                       uintptr_t* end) {
  using ebpf::dragonos::kStackSize;
  constexpr uintptr_t kKernelHalf = uintptr_t{1} << 63;  // below is user space
  if (sp < kKernelHalf) {
    return false;
  }
  *begin = sp & ~(kStackSize - 1);
  *end = *begin + kStackSize;
  return true;
}
