// SPDX-License-Identifier: MIT
//
// core/platform/time.h on Alien: rdtime, which needs no lock. (The kernel's own
// conversion overflows after 25 minutes.)
#include "core/platform/time.h"

#include "arch/riscv64/machine/system_registers.h"
#include "core/platform/tick_clock.h"
#include "ports/alien/kernel.h"

namespace {

constinit ebpf::TickClock clock(&alien_timer_frequency);
constinit ebpf::RandomMixer random;

}  // namespace

extern "C" {

uint64_t ebpf_port_time_ns(void) {
  return clock.Nanoseconds(ebpf::riscv64::ReadTime());
}

// The kernel has no random numbers.
uint64_t ebpf_port_random(void) { return random.Next(alien_read_timer()); }

}  // extern "C"
