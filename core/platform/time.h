// SPDX-License-Identifier: MIT
//
// Clock and random numbers. Tier T0.
#pragma once

#include <stdint.h>

extern "C" {

/// Nanoseconds since some fixed point, never going back on one CPU.
/// Takes no lock: a probe may be inside the kernel's own clock. Context: any.
uint64_t ebpf_port_time_ns(void);

/// Nanoseconds of International Atomic Time since 1970 (Linux's CLOCK_TAI).
/// Takes no lock. Default: 0, and no EBPF_PORT_TAI_CLOCK (features.h). Absent:
/// no `bpf_ktime_get_tai_ns`. Tier T3. Context: any.
uint64_t ebpf_port_time_tai_ns(void);

/// A random number, good enough to seed a hash. Context: any.
uint64_t ebpf_port_random(void);

}  // extern "C"
