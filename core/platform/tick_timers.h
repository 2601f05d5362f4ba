// SPDX-License-Identifier: MIT
//
// core/platform/timer.h and ebpf_port_call_on_cpu by ticks, whole: a port links
// it and has its kernel's timer interrupt lead to tick_timers.Tick.
#pragma once

#include <stdint.h>

#include "core/platform/ticks.h"

namespace ebpf {

/// What those functions are over.
extern Ticks tick_timers;

/// The port's: whether `cpu`, below ebpf_port_cpu_count(), runs, and so ticks.
/// Context: task.
bool IsTicking(uint32_t cpu);

}  // namespace ebpf
