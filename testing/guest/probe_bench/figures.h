// SPDX-License-Identifier: MIT
//
// What a run measures, under names that bounds and testing/benchmarks/probes.sh
// know. What a tick is depends on how QEMU was started: a nanosecond, or one
// executed instruction (-icount shift=0).
#pragma once

#include <stdint.h>

#include "core/base/string_view.h"

namespace guest::probe_bench {

/// Hundredths of ticks.
using Hundredths = uint64_t;

/// A figure that must not be exceeded.
struct Bound {
  const char* name;
  uint64_t most;  // ticks
};

/// How an image measures; figures_counted_<kernel>.cc and figures_timed.cc.
struct Method {
  /// Batches of which the fastest counts.
  uint32_t batches;
  /// Each figure of the image has one; null: none is asked for.
  const Bound* bounds;
  uint32_t bound_count;
};
extern const Method kMethod;

/// Starts eBPF, once for the image. Context: task.
bool Start();

/// What one call of `function` takes, the loop around it included. Interrupts
/// are masked. Context: task.
Hundredths CostOfCall(void (*function)());

/// Prints `figure NAME[/DETAIL] VALUE` and, where the image has bounds, expects
/// it to keep its own.
void Report(ebpf::StringView name, ebpf::StringView detail, Hundredths value);

}  // namespace guest::probe_bench
