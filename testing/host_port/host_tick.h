// SPDX-License-Identifier: MIT
//
// The host port's timer interrupt: a signal in each CPU's thread, wherever that
// is, on an x86-64 host.
#pragma once

#include <atomic>
#include <stdint.h>
#include <thread>

#include "core/base/types.h"

namespace ebpf {

/// While one lives, each CPU is interrupted about every `period_us`
/// microseconds, and timers that are due expire there
/// (ebpf_port_interrupted_regs says what was interrupted). One that comes while
/// interrupts are masked is left out. One at a time.
class HostTicks : public NonCopyable {
 public:
  explicit HostTicks(uint32_t period_us);
  ~HostTicks();

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace ebpf
