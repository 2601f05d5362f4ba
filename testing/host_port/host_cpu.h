// SPDX-License-Identifier: MIT
//
// The host port's CPUs: threads of this process.
#pragma once

#include <stdint.h>

#include "core/base/types.h"

namespace ebpf {

inline constexpr uint32_t kMaxHostCpus = 64;

/// While one lives, its thread is CPU `cpu`. The main thread is CPU 0 from the
/// start; another thread needs a HostCpu before it calls anything of core's. In
/// a thread that is a CPU already it moves the thread, and its end moves it
/// back (a task that migrates). Two threads with one number are a panic.
class HostCpu : public NonCopyable {
 public:
  explicit HostCpu(uint32_t cpu);
  ~HostCpu();

 private:
  uint32_t previous_;  // number + 1, or 0
};

/// How many CPUs there are, 4 at first. To be changed before anything of core's
/// allocated per-CPU memory.
void SetHostCpuCount(uint32_t count);

/// Whether this thread has interrupts masked / preemption off.
bool HostIrqsMasked();
bool HostPreemptionOff();

/// While one lives, this thread is in a trap handler, as after a breakpoint:
/// interrupts masked, locks held outside do not count for lock ranks (only
/// TryLock is allowed on what may be held). For tests that run "a probe"
/// without a breakpoint.
class HostTrap : public NonCopyable {
 public:
  HostTrap();
  ~HostTrap();

 private:
  uint32_t irq_depth_;
  uint32_t rank_base_;
};

}  // namespace ebpf
