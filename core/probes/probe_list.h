// SPDX-License-Identifier: MIT
//
// What probes there are, for those who show them to people.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/probes/kprobe.h"

namespace ebpf {

/// Where a walk over all probes is: probes are ordered by their keys.
struct ProbeKey {
  uint64_t address = 0;
  uintptr_t probe = 0;  // of several at one address

  friend bool operator<(const ProbeKey& a, const ProbeKey& b) {
    return a.address != b.address ? a.address < b.address : a.probe < b.probe;
  }
};

/// One consumer at one instruction, as it was a moment ago.
struct ProbeInfo {
  ProbeKey key;
  bool enabled = false;
  bool optimized = false;  // a jump stands there instead of a breakpoint
  uint64_t missed = 0;     // what Kprobe::missed says
  ConsumerInfo consumer;

  friend bool operator<(const ProbeInfo& a, const ProbeInfo& b) {
    return a.key < b.key;
  }
};

/// The first probes whose keys are above `after`, in order, as many as there
/// are places; how many those are. So a walk sees each probe once that is there
/// all the time, and holds nothing between two calls.
///
/// Each call goes over all probes, under the registry's mutex: a walk takes
/// kProbesAtOnce at a time, or the square of what there are. Context: task.
size_t ListProbes(const ProbeKey& after, Span<ProbeInfo> probes);
inline constexpr size_t kProbesAtOnce = 512;

/// Whether a probe may stand on any of the `size` bytes of text at `address`,
/// whatever instructions these are. False without InitProbes. Context: task.
bool MayProbeStandOn(uint64_t address, uint64_t size);

}  // namespace ebpf
