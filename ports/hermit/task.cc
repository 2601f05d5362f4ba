// SPDX-License-Identifier: MIT
//
// core/platform/task.h and stack.h on Hermit: tasks have an id and no name.
#include "core/platform/task.h"

#include "core/platform/stack.h"
#include "ports/hermit/kernel.h"

extern "C" {

// One address space, so every task is a process of its own to Linux's eyes: a
// thread group would have to be invented.
void ebpf_port_task_ids(uint32_t* pid, uint32_t* tgid) {
  *pid = static_cast<uint32_t>(ebpf_hermit_task_id());
  *tgid = *pid;
}

uint32_t ebpf_port_task_pid() {
  return static_cast<uint32_t>(ebpf_hermit_task_id());
}

bool ebpf_port_stack_bounds(uintptr_t sp, uintptr_t* begin, uintptr_t* end) {
  return ebpf_hermit_stack(sp, begin, end);
}

}  // extern "C"
