// SPDX-License-Identifier: MIT
//
// For ports whose kernels give executable pages on demand: blocks of it, for
// ebpf_port_exec_alloc and ebpf_port_exec_free. (exec_pool.h is for those that
// have one piece.)
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/types.h"

namespace ebpf {

/// Runs of pages: one that small blocks share, or several for one block. What
/// nobody has any more goes back to the kernel.
class ExecRuns : public NonCopyable {
 public:
  static constexpr size_t kPageSize = 4096;
  static constexpr size_t kMost = size_t{16} << 20;

  /// Of the kernel. Context: task; both may wait for other CPUs.
  struct Pages {
    /// `count` pages (a power of two) full of breakpoints, to be executed and
    /// not to be written; null if there are none.
    void* (*take)(size_t count);
    void (*give)(void* pages, size_t count);
  };

  constexpr explicit ExecRuns(Pages pages) : pages_(pages) {}

  /// `size` bytes, all less than `reach` from `near`; null if there are none.
  /// Context: task.
  void* Take(size_t size, uintptr_t near, uint64_t reach);
  /// Gives back what Take returned for `size`; null is nothing. False: that is
  /// not its memory. Context: task.
  [[nodiscard]] bool Give(void* memory, size_t size);

  /// Whether [address, address + size) lies in a run, taken or not. Context:
  /// any; the memory is not given back meanwhile.
  bool Contains(uintptr_t address, size_t size) const {
    return Find(address, size) != nullptr;
  }

 private:
  class Lock;
  struct Run;

  Run* Find(uintptr_t address, size_t size) const;
  Run* Add(size_t page_count, uintptr_t near, uint64_t reach);
  void Remove(Run* run);
  void* TakeSmall(size_t size, uintptr_t near, uint64_t reach);

  const Pages pages_;
  Atomic<bool> is_locked_{false};
  /// Grows at its head and shrinks, under the lock.
  Atomic<Run*> runs_{nullptr};
};

}  // namespace ebpf
