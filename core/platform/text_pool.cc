// SPDX-License-Identifier: MIT
//
// core/platform/text_pool.h's implementation.
#include "core/platform/text_pool.h"

#include "core/base/atomic.h"
#include "core/base/types.h"
#include "core/platform/cpu.h"
#include "core/platform/exec.h"
#include "core/platform/text.h"

namespace ebpf {

constinit ExecPool text_pool(ebpf_exec_pool);

bool MayPatch(uintptr_t address, size_t size,
              bool (*is_text)(uintptr_t address, size_t size)) {
  return text_pool.Touches(address, size) ? text_pool.IsTaken(address, size)
                                          : is_text(address, size);
}

namespace {

constinit Atomic<bool> is_locked{false};

/// Keeps other CPUs away from it, and with interrupts masked other tasks of
/// this one.
class ScopedPool : public NonCopyable {
 public:
  ScopedPool() : interrupts_(ebpf_port_irq_save()) {
    // Pairs with the release below.
    while (is_locked.Exchange(true, kAcquire)) {
      ebpf_port_relax();
    }
  }
  ~ScopedPool() {
    is_locked.Store(false, kRelease);
    ebpf_port_irq_restore(interrupts_);
  }

 private:
  const uintptr_t interrupts_;
};

/// Who runs there after all shall trap.
void FillWithBreakpoints(void* memory, size_t size) {
  constexpr size_t kMost = ExecPool::kBlankSize;
  auto* const begin = static_cast<uint8_t*>(memory);
  for (size_t done = 0; done < size; done += kMost) {
    (void)ebpf_port_exec_write(begin + done, ebpf_exec_pool_end,
                               Min(size - done, kMost));
  }
}

}  // namespace
}  // namespace ebpf

extern "C" {

void* ebpf_port_exec_alloc(size_t size, uintptr_t near, uint64_t reach) {
  if (size == 0 || size > ebpf::ExecPool::kSize) {
    return nullptr;
  }
  const ebpf::ScopedPool pool;
  return ebpf::text_pool.Take(size, near, reach);
}

void ebpf_port_exec_free(void* memory, size_t size) {
  if (memory == nullptr) {
    return;
  }
  ebpf::FillWithBreakpoints(memory, size);
  const ebpf::ScopedPool pool;
  ebpf::text_pool.Give(reinterpret_cast<uintptr_t>(memory), size);
}

}  // extern "C"
