// SPDX-License-Identifier: MIT
//
// ebpf_port_time_ns and ebpf_port_random, whole, by the CPU's own counter
// (machine/counter.h), for ports to kernels that know how often it ticks, and
// whose CPUs' counters are one.
#pragma once

#include <stdint.h>

namespace ebpf {

/// The port's: how often it ticks in a second, not 0 and always the same.
/// Context: any.
uint64_t CounterTicksPerSecond();

/// Has random numbers begin at a better one than the clock's, where the kernel
/// has such. Context: task.
void SeedCounterRandom(uint64_t seed);

}  // namespace ebpf
