// SPDX-License-Identifier: MIT
//
// core/platform/task.h and stack.h on Alien.
#include "core/platform/task.h"

#include "core/base/memory.h"
#include "core/base/types.h"
#include "core/platform/stack.h"
#include "ports/alien/kernel.h"

extern "C" {

void ebpf_port_task_ids(uint32_t* pid, uint32_t* tgid) {
  // Alien's tid and pid are Linux's pid and tgid.
  if (!alien_current_task(pid, tgid)) {
    *pid = 0;
    *tgid = 0;
  }
}

uint32_t ebpf_port_task_pid(void) {
  uint32_t pid;
  uint32_t tgid;
  return alien_current_task(&pid, &tgid) ? pid : 0;
}

bool ebpf_port_task_comm(char* name, size_t size) {
  char whole[32];
  const size_t length = alien_current_task_name(whole, sizeof whole);
  if (length == 0 || size == 0) {
    return false;
  }
  const size_t used = ebpf::Min(length, size - 1);
  ebpf::CopyBytes(name, whole, used);
  name[used] = '\0';
  return true;
}

// Not the one that it boots and schedules on.
bool ebpf_port_stack_bounds(uintptr_t sp, uintptr_t* begin, uintptr_t* end) {
  constexpr uintptr_t kStackSize = 0x2000;
  const uintptr_t top = alien_current_stack_top();
  if (top < kStackSize || sp - (top - kStackSize) >= kStackSize) {
    return false;
  }
  *begin = top - kStackSize;
  *end = top;
  return true;
}

}  // extern "C"
