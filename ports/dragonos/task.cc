// SPDX-License-Identifier: MIT
//
// core/platform/task.h on DragonOS.
#include "core/platform/task.h"

#include "ports/dragonos/kernel.h"

extern "C" {

void ebpf_port_task_ids(uint32_t* pid, uint32_t* tgid) {
  *pid = dragonos_current_pid();
  *tgid = dragonos_current_tgid();
}

bool ebpf_port_task_comm(char* name, size_t size) {
  return dragonos_current_comm(name, size);
}

}  // extern "C"
