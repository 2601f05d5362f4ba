// SPDX-License-Identifier: MIT
//
// ebpf_port_exec_alloc on Hermit: pieces of the pool that is part of the image.
#include "ports/hermit/exec_memory.h"

#include "core/platform/cpu.h"
#include "core/platform/text.h"

extern "C" {
extern const uint8_t EbpfHermitExecPool[];
}

namespace ebpf::hermit {

constinit ExecPool exec_pool(EbpfHermitExecPool);

}  // namespace ebpf::hermit

extern "C" {

void* ebpf_port_exec_alloc(size_t size, uintptr_t near, uint64_t reach) {
  using ebpf::ExecPool;
  using ebpf::hermit::exec_pool;
  // All of the pool or none of it: it is small beside any reach.
  if (size == 0 || size > ExecPool::kSize ||
      !ExecPool::IsNear(exec_pool.begin(), ExecPool::kSize, near, reach)) {
    return nullptr;
  }
  const uintptr_t interrupts = ebpf_port_irq_save();
  void* const memory = exec_pool.Take(size, near, reach);
  ebpf_port_irq_restore(interrupts);
  return memory;
}

void ebpf_port_exec_free(void* memory, size_t size) {
  if (memory == nullptr) {
    return;
  }
  const uintptr_t interrupts = ebpf_port_irq_save();
  ebpf::hermit::exec_pool.Give(reinterpret_cast<uintptr_t>(memory), size);
  ebpf_port_irq_restore(interrupts);
}

}  // extern "C"
