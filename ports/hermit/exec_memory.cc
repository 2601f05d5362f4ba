// SPDX-License-Identifier: MIT
//
// ebpf_port_exec_alloc on Hermit: pieces of the pool that is part of the image.
#include "ports/hermit/exec_memory.h"

#include "core/base/atomic.h"
#include "core/platform/cpu.h"
#include "core/platform/text.h"
#include "machine/interrupts.h"

extern "C" {
extern const uint8_t EbpfHermitExecPool[];
}

namespace ebpf::hermit {

constinit ExecPool exec_pool(EbpfHermitExecPool);

namespace {

constinit Atomic<bool> pool_is_locked{false};

/// Keeps other CPUs away from it, and with interrupts masked other tasks of
/// this one.
class ScopedPool {
 public:
  ScopedPool() : interrupts_(ebpf_port_irq_save()) {
    // Pairs with the release below.
    while (pool_is_locked.Exchange(true, kAcquire)) {
      machine::Relax();
    }
  }
  ~ScopedPool() {
    pool_is_locked.Store(false, kRelease);
    ebpf_port_irq_restore(interrupts_);
  }
  ScopedPool(const ScopedPool&) = delete;
  ScopedPool& operator=(const ScopedPool&) = delete;

 private:
  const uintptr_t interrupts_;
};

}  // namespace
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
  const ebpf::hermit::ScopedPool pool;
  return exec_pool.Take(size, near, reach);
}

void ebpf_port_exec_free(void* memory, size_t size) {
  if (memory == nullptr) {
    return;
  }
  const ebpf::hermit::ScopedPool pool;
  ebpf::hermit::exec_pool.Give(reinterpret_cast<uintptr_t>(memory), size);
}

}  // extern "C"
