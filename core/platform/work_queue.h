// SPDX-License-Identifier: MIT
//
// For ports whose kernels can start a task: what ebpf_port_defer puts there,
// that task runs.
#pragma once

#include "core/base/atomic.h"
#include "core/base/types.h"
#include "core/platform/defer.h"

namespace ebpf {

/// A list without a lock that any context can push to and one task empties.
class WorkQueue : public NonCopyable {
 public:
  constexpr WorkQueue() = default;

  /// There is a task that calls Run. Context: task.
  void Open() { is_open_.Store(true, kRelaxed); }

  bool is_open() const { return is_open_.Load(kRelaxed); }

  /// ebpf_port_defer: false until it is open. It wakes nobody. Context: any.
  bool Push(ebpf_deferred* work);

  /// Whether Run would find nothing. Context: any.
  bool empty() const { return newest_.Load(kRelaxed) == nullptr; }

  /// Runs what was pushed, in that order. Context: the task.
  void Run();

 private:
  ebpf_deferred* TakeAll();

  /// The one that was pushed last, which the others hang behind.
  Atomic<ebpf_deferred*> newest_{nullptr};
  Atomic<bool> is_open_{false};
};

}  // namespace ebpf
