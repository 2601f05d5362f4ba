// SPDX-License-Identifier: MIT
//
// core/platform/timer.h and ebpf_port_call_on_cpu, whole, over ticks.h, for
// ports to kernels with a timer that can be armed for the earliest deadline (by
// their ticks, where there is none: tick_timers.h).
#pragma once

#include <stdint.h>

namespace ebpf {

/// What they take of a kernel.
struct ArmedTimers {
  /// Has this CPU's timer interrupt at `deadline_ns` by ebpf_port_time_ns(),
  /// soon if that is past and never if it is all ones. Context: any, interrupts
  /// masked.
  void (*arm)(uint64_t deadline_ns);
  /// Has TickArmedTimers called on `cpu` soon. Context: any.
  void (*interrupt)(uint32_t cpu);
};

/// The port's.
extern const ArmedTimers armed_timers;

/// The timer works: until then timers are refused. Context: task.
void OpenArmedTimers();
/// Whether that was called. Context: any.
bool HasArmedTimers();

/// The timer has interrupted `regs` (machine::PtRegs, null where they are not
/// known), or another CPU has: runs what is due, and arms it again. Context:
/// irq, interrupts masked.
void TickArmedTimers(const void* regs);

}  // namespace ebpf
