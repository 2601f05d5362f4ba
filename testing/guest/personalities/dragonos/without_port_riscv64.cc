// SPDX-License-Identifier: MIT
//
// The port's hooks on RISC-V for images that have no port: nothing is claimed.
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/riscv64/kernel.h"

extern "C" {

bool ebpf_dragonos_exception(dragonos_trap_frame* /*frame*/) { return false; }
size_t ebpf_dragonos_interrupted(const dragonos_trap_frame* /*frame*/) {
  return 0;
}
void ebpf_dragonos_resume(size_t /*interruption*/) {}
void ebpf_dragonos_tick(const dragonos_trap_frame* /*frame*/) {}
void ebpf_dragonos_softirq() {}

}  // extern "C"
