// SPDX-License-Identifier: MIT
//
// core/platform/time.h on DragonOS: the cycle counter, scaled here, since the
// kernel's clock takes a lock that a probe may have interrupted.
#include "core/platform/time.h"

#include "arch/x86_64/machine/system_registers.h"
#include "core/platform/tick_clock.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/machine.h"

namespace {

constinit ebpf::MeasuredClock clock;

}  // namespace

namespace ebpf::dragonos {

void MeasureClock() { clock.Measure(&dragonos_cycles, &dragonos_monotonic_ns); }

}  // namespace ebpf::dragonos

extern "C" {

// As dragonos_cycles, and no call: it is asked for at each event.
uint64_t ebpf_port_time_ns() {
  return clock.Nanoseconds(ebpf::x86_64::ReadCycles());
}

uint64_t ebpf_port_random() { return dragonos_random(); }

}  // extern "C"
