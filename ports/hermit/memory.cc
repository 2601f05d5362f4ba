// SPDX-License-Identifier: MIT
//
// core/platform/memory.h on Hermit: the kernel's heap.
#include "core/platform/memory.h"

#include "core/base/atomic.h"
#include "ports/hermit/init.h"
#include "ports/hermit/kernel.h"

namespace {

constinit ebpf::Atomic<uint64_t> in_use{0};

}  // namespace

extern "C" {

void* ebpf_port_alloc(size_t size, size_t align) {
  void* memory = sys_alloc_zeroed(size, align);
  if (memory != nullptr) {
    in_use.FetchAdd(size, ebpf::kRelaxed);
  }
  return memory;
}

void ebpf_port_free(void* memory, size_t size, size_t align) {
  if (memory != nullptr) {
    sys_dealloc(memory, size, align);
    in_use.FetchSub(size, ebpf::kRelaxed);
  }
}

uint64_t ebpf_hermit_memory_in_use(void) { return in_use.Load(ebpf::kRelaxed); }

}  // extern "C"
