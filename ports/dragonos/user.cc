// SPDX-License-Identifier: MIT
//
// core/platform/user.h on DragonOS.
#include "core/platform/user.h"

#include "ports/dragonos/kernel.h"

extern "C" {

bool ebpf_port_copy_from_user(void* to, uint64_t from, size_t size) {
  return size == 0 || dragonos_copy_from_user(to, from, size) == 0;
}

bool ebpf_port_copy_to_user(uint64_t to, const void* from, size_t size) {
  return size == 0 || dragonos_copy_to_user(to, from, size) == 0;
}

bool ebpf_port_capable(int capability) { return dragonos_capable(capability); }

}  // extern "C"
