// SPDX-License-Identifier: MIT
//
// ebpf_port_time_ns, whole, by the CPU's counter that any context can read, for
// ports whose kernels' own clock takes locks: they link this and
// arch/<isa>/machine:measured_time, and measure once.
#pragma once

#include "core/platform/tick_clock.h"

namespace ebpf {

/// Of what x86-64 counts by rdtsc and RISC-V by rdtime.
extern MeasuredClock measured_time;

}  // namespace ebpf
