// SPDX-License-Identifier: MIT
//
// How much of a CPU sampling clocks may take.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/types.h"

namespace ebpf {

/// Of one CPU; zeros at first. Each sample is paid for with the time in which
/// its cost is the CPU's share for sampling: no clock samples while more than a
/// little is not paid for. So however many clocks there are, each in its turn,
/// they take that share and no more.
///
/// Cost is the average of the last samples, as in Linux: one that was held up,
/// on a machine of a hypervisor's say, does not keep all others waiting.
class SampleLoad {
 public:
  /// Linux's perf_cpu_time_max_percent, as it is there at first.
  static constexpr uint64_t kMostPercent = 25;
  /// What may be not paid for: a tick of Linux's.
  static constexpr uint64_t kSlack = 4000000;  // ns
  /// Of what is around a sample: the interrupt, the port's timers.
  static constexpr uint64_t kInterruptCost = 1000;  // ns

  /// A sample took from `begin` to `end`; when the clock may take its next.
  /// Context: irq, on its CPU.
  uint64_t Charge(uint64_t begin, uint64_t end) {
    const uint64_t before = sum_.Load(kRelaxed);
    const uint64_t sum =
        before - before / kAveraged + (end - begin) + kInterruptCost;
    sum_.Store(sum, kRelaxed);
    const uint64_t paid = Max(paid_until_.Load(kRelaxed), end) +
                          sum / kAveraged * 100 / kMostPercent;
    paid_until_.Store(paid, kRelaxed);
    return paid - Min(paid, kSlack);
  }

 private:
  static constexpr uint64_t kAveraged = 128;  // samples, as Linux

  Atomic<uint64_t> sum_;  // of so many samples' times
  Atomic<uint64_t> paid_until_;
};

}  // namespace ebpf
