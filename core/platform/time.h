// SPDX-License-Identifier: MIT
//
// Clock and random numbers. Tier T0.
#pragma once

#include <stdint.h>

extern "C" {

/// Nanoseconds since some fixed point, never going back on one CPU.
/// Takes no lock: a probe may be inside the kernel's own clock. Context: any.
uint64_t ebpf_port_time_ns(void);

/// A random number, good enough to seed a hash. Context: any.
uint64_t ebpf_port_random(void);

}  // extern "C"
