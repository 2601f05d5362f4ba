// SPDX-License-Identifier: MIT
//
// core/platform/time.h on Alien: rdtime, which needs no lock. (The kernel's own
// conversion overflows after 25 minutes, and it has no random numbers.)
#include "core/platform/counter_time.h"
#include "ports/alien/kernel.h"

uint64_t ebpf::CounterTicksPerSecond() { return alien_timer_frequency(); }
