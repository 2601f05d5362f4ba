// SPDX-License-Identifier: MIT
//
// A load that runs as many of an image's functions as it can, beside that of
// testing/guest/kernel/workload.h: those of the kernel, of the port and of
// probes themselves.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "testing/guest/kernel/thread.h"

namespace guest::probes {

/// A thread on the last CPU that does everything in turn. Probes are there
/// (ebpf::InitProbes) as long as it runs.
class Load {
 public:
  /// `attaches`: probes of its own, and executable memory, too.
  explicit Load(bool attaches) : attaches_(attaches) {}
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// False if the thread cannot be started. Context: task.
  [[nodiscard]] bool Start();

  /// Ends the thread, and the workload. Context: task.
  void Stop();

  /// How often all was done. Context: any.
  uint64_t turns() const { return turns_.Load(ebpf::kRelaxed); }

  /// What went wrong, which must be nothing. Context: any.
  uint64_t errors() const { return errors_.Load(ebpf::kRelaxed); }

 private:
  static void Run(void* self);
  void Expect(bool ok) { errors_.FetchAdd(ok ? 0 : 1, ebpf::kRelaxed); }
  void UseProbes();
  void UseReturns();
  void UseSymbols();
  void UsePort();
  void UseExecMemory();
  void UseKernel();
  void Turn();

  const bool attaches_;
  Thread* thread_ = nullptr;
  ebpf::Atomic<bool> stop_{false};
  ebpf::Atomic<uint64_t> turns_{0};
  ebpf::Atomic<uint64_t> errors_{0};
};

}  // namespace guest::probes
