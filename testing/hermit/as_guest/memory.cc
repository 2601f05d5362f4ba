// SPDX-License-Identifier: MIT
//
// The guest kernel's balance: what the port took of Hermit's heap. Hermit
// itself does not tell.
#include "testing/guest/kernel/memory.h"

#include "core/base/atomic.h"
#include "ports/hermit/kernel.h"

namespace {

constinit ebpf::Atomic<uint64_t> bytes{0};
constinit ebpf::Atomic<uint64_t> blocks{0};

}  // namespace

namespace guest {

MemoryBalance Balance() {
  return {bytes.Load(ebpf::kRelaxed), blocks.Load(ebpf::kRelaxed)};
}

}  // namespace guest

// The image is linked with --wrap: the port's calls of these come here.
extern "C" {

void* __real_sys_alloc_zeroed(size_t size, size_t align);
void* __wrap_sys_alloc_zeroed(size_t size, size_t align) {
  void* const memory = __real_sys_alloc_zeroed(size, align);
  if (memory != nullptr) {
    bytes.FetchAdd(size, ebpf::kRelaxed);
    blocks.FetchAdd(1, ebpf::kRelaxed);
  }
  return memory;
}

void __real_sys_dealloc(void* memory, size_t size, size_t align);
void __wrap_sys_dealloc(void* memory, size_t size, size_t align) {
  bytes.FetchSub(size, ebpf::kRelaxed);
  blocks.FetchSub(1, ebpf::kRelaxed);
  __real_sys_dealloc(memory, size, align);
}

}  // extern "C"
