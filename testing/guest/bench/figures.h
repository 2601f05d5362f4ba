// SPDX-License-Identifier: MIT
//
// What a run measures, under names that bounds and the scripts in
// testing/benchmarks know. What a tick is depends on how QEMU was started: a
// nanosecond, or one executed instruction (-icount shift=0).
#pragma once

#include <stdint.h>

#include "core/base/string_view.h"

namespace guest::bench {

/// Hundredths of ticks.
using Hundredths = uint64_t;

/// How far a figure may be off: a clock that counts by a hundred ticks, as
/// RISC-V's does, says of a batch a hundred more or less than it took.
inline constexpr Hundredths kClockStep = 5;

inline bool IsTicks(Hundredths figure, uint64_t ticks) {
  return figure + kClockStep >= ticks * 100 &&
         figure <= ticks * 100 + kClockStep;
}

/// A figure that must not be exceeded.
struct Bound {
  const char* name;
  uint64_t most;  // ticks
};

/// How an image measures: its own figures_counted_<kernel>.cc, or
/// figures_timed.cc.
struct Method {
  /// Batches of which the fastest counts.
  uint32_t batches;
  /// Each figure of the image has one; null: none is asked for.
  const Bound* bounds;
  uint32_t bound_count;
};
extern const Method kMethod;

extern "C" {
/// A call with nothing in it.
void bench_nothing();
/// Calls `function` `count` times. The loop is the same for every caller, and
/// it and the above are in loop_<cpu>.S.
void bench_loop(void (*function)(), uint64_t count);
}

/// Starts eBPF, once for the image. Context: task.
bool Start();

/// What one call of `function` takes, the loop around it included. Interrupts
/// are masked. Context: task.
Hundredths CostOfCall(void (*function)());

/// Times of one kind.
class Samples {
 public:
  static constexpr uint32_t kMost = 400;

  /// kMost at most. Context: task, as all.
  void Add(uint64_t ticks) { ticks_[count_++] = ticks; }
  /// Their median and the 99th in a hundred.
  void ReportAs(ebpf::StringView name);

 private:
  uint32_t count_ = 0;
  uint64_t ticks_[kMost] = {};
};

/// Prints `figure NAME[/DETAIL] VALUE` and, where the image has bounds, expects
/// it to keep its own.
void Report(ebpf::StringView name, ebpf::StringView detail, Hundredths value);

}  // namespace guest::bench
