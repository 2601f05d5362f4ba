// SPDX-License-Identifier: MIT
//
// core/platform/memory.h on Hermit: the kernel's heap.
#include "core/platform/memory.h"

#include "ports/hermit/kernel.h"

extern "C" {

void* ebpf_port_alloc(size_t size, size_t align) {
  return sys_alloc_zeroed(size, align);
}

void ebpf_port_free(void* memory, size_t size, size_t align) {
  if (memory != nullptr) {
    sys_dealloc(memory, size, align);
  }
}

}  // extern "C"
