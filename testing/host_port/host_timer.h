// SPDX-License-Identifier: MIT
//
// The host port's timers: they expire when a test says so, or on a thread that
// is a CPU with nothing else to do.
#pragma once

#include <atomic>
#include <stdint.h>
#include <thread>

#include "core/base/types.h"

namespace ebpf {

/// Runs each timer whose time has come (ebpf_port_time_ns) and that may expire
/// on the calling CPU, in an interrupt of this thread; how many those were.
/// Those that are started meanwhile wait for the next call. Context: task.
uint64_t RunHostTimers();

/// How many are pending.
uint64_t PendingHostTimers();

/// A thread that is CPU `cpu` and calls RunHostTimers all the time.
class HostTimerWorker : public NonCopyable {
 public:
  explicit HostTimerWorker(uint32_t cpu);
  ~HostTimerWorker();

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// Which services that helpers need the port has (core/platform/features.h);
/// all at first.
void SetHostFeatures(uint32_t features);

}  // namespace ebpf
