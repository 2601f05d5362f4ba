// SPDX-License-Identifier: MIT
//
// core/platform/memory.h on DragonOS.
#include "core/platform/memory.h"

#include "ports/dragonos/kernel.h"

extern "C" {

void* ebpf_port_alloc(size_t size, size_t align) {
  // The kernel's slab aligns a block to its size only.
  return dragonos_alloc(size < align ? align : size, align);
}

void ebpf_port_free(void* memory, size_t size, size_t align) {
  dragonos_free(memory, size < align ? align : size, align);
}

}  // extern "C"
