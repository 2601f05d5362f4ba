// SPDX-License-Identifier: MIT
//
// A profiler as user space would write it: profile.bpf.c at a clock, by
// perf_event_open(2), and what its maps hold.
#pragma once

#include <stdint.h>

#include "core/base/text_writer.h"
#include "core/capi/ebpf.h"
#include "core/files/client.h"
#include "core/loader/object.h"
#include "testing/demo/folded_stacks.h"
#include "testing/programs/profile.h"

namespace demo {

/// Counts the kernel stacks that the clock of one CPU interrupts.
/// Context of all: task.
class StackProfiler {
 public:
  StackProfiler(ebpf::Client& client, ebpf::TextWriter& log);

  /// profile.bpf.o, to be loaded before the rest.
  ebpf::loader::Object& object() { return object_; }

  /// Samples the CPU that calls each `period_ns`, or as finely as the port can:
  /// 0 or a negative errno.
  int Start(uint64_t period_ns);
  int Stop();

  profile_totals Totals();

  /// Adds all stacks to `stacks`; how many samples those were.
  uint64_t Fold(FoldedStacks& stacks);

 private:
  ebpf_client* client_;
  ebpf::loader::Object object_;
  int clock_ = -1;
};

}  // namespace demo
