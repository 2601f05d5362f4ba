// SPDX-License-Identifier: MIT
//
// core/platform/task.h on Alien.
#include "core/platform/task.h"

#include "ports/alien/kernel.h"

extern "C" {

void ebpf_port_task_ids(uint32_t* pid, uint32_t* tgid) {
  // Alien's tid and pid are Linux's pid and tgid.
  if (!alien_current_task(pid, tgid)) {
    *pid = 0;
    *tgid = 0;
  }
}

bool ebpf_port_task_comm(char* name, size_t size) {
  if (size == 0) {
    return false;
  }
  const size_t used = alien_current_task_name(name, size - 1);
  name[used] = '\0';
  return used != 0;
}

}  // extern "C"
