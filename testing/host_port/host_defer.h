// SPDX-License-Identifier: MIT
//
// Who runs the host port's deferred work.
#pragma once

#include <atomic>
#include <stdint.h>
#include <thread>

#include "core/base/types.h"

namespace ebpf {

/// Runs, in this thread, what was deferred up to now and meanwhile; how many
/// calls that was. Where there is no HostDeferWorker, deferred work waits for
/// this. Context: task.
uint64_t RunHostDeferred();

/// While one lives, a thread that is CPU `cpu` runs deferred work as it comes.
class HostDeferWorker : public NonCopyable {
 public:
  explicit HostDeferWorker(uint32_t cpu);
  ~HostDeferWorker();

 private:
  void Loop(uint32_t cpu);

  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// False: the port has no such service (ebpf_port_defer says no).
void SetHostDeferSupport(bool supported);

}  // namespace ebpf
