// SPDX-License-Identifier: MIT
//
// core/platform/task.h and stack.h on DragonOS.
#include "core/platform/task.h"

#include "core/platform/stack.h"
#include "ports/dragonos/kernel.h"

namespace {

/// KernelStack::SIZE and ALIGN: how the kernel itself finds the current task.
constexpr uintptr_t kStackSize = 0x8000;

/// The lower half of the addresses is user space.
constexpr uintptr_t kKernelHalf = uintptr_t{1} << 63;

}  // namespace

extern "C" {

void ebpf_port_task_ids(uint32_t* pid, uint32_t* tgid) {
  *pid = dragonos_current_pid();
  *tgid = dragonos_current_tgid();
}

uint32_t ebpf_port_task_pid() { return dragonos_current_pid(); }

bool ebpf_port_task_comm(char* name, size_t size) {
  return dragonos_current_comm(name, size);
}

// All of a task's kernel stacks are such blocks, the one of its system calls,
// too, and those that CPUs boot on.
bool ebpf_port_stack_bounds(uintptr_t sp, uintptr_t* begin, uintptr_t* end) {
  if (sp < kKernelHalf) {
    return false;
  }
  *begin = sp & ~(kStackSize - 1);
  *end = *begin + kStackSize;
  return true;
}

}  // extern "C"
