// SPDX-License-Identifier: MIT
//
// The host port's clock and random numbers, as tests want them.
#pragma once

#include <stdint.h>

namespace ebpf {

/// Stops the clock at `ns` and moves it; ResumeHostTime makes it the host's
/// monotonic clock again, as it is at first.
void SetHostTime(uint64_t ns);
void ResumeHostTime();

/// Starts the (deterministic) sequence of random numbers anew.
void SeedHostRandom(uint64_t seed);

}  // namespace ebpf
