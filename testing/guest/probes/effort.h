// SPDX-License-Identifier: MIT
//
// How much every_offset_guest_test.cc takes upon itself: a part in the ordinary
// tests, which a busy host must end, too; all of it for run.sh.
#pragma once

#include <stdint.h>

namespace guest::probes {

struct Effort {
  /// How long a probe waits for a hit, and the load for its turn, at most.
  uint64_t patience_ns;
  /// Whether the load attaches probes of its own. Each stops the CPUs, and so
  /// does each probe of the test: a busy host takes its time for that.
  bool load_attaches;
  /// Each of so many functions is looked at.
  uint32_t each_function;
  /// Of the offsets that the load reaches, each of so many gets a probe alone.
  uint32_t each_alone;
  uint32_t functions;  // that take a probe, at least
  // Percent, at least.
  uint32_t run;        // of the functions
  uint32_t hit;        // of the offsets that take a probe
  uint32_t alone_hit;  // of those that had a probe alone
};

extern const Effort kEffort;

}  // namespace guest::probes
