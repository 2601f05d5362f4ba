// SPDX-License-Identifier: MIT
//
// One-shot timers, for bpf_timer. Tier T3.
#pragma once

#include <stdint.h>

extern "C" {

/// A timer of the port, zero when it was never started. The memory is the
/// caller's, and stays until ebpf_port_timer_stop said that nothing is pending.
struct ebpf_timer {
  /// Runs when the time has come, on one CPU at a time, with interrupts masked
  /// or in an interrupt; may start the timer again. Context: irq.
  void (*expired)(struct ebpf_timer* self);
  /// The port's own.
  uint64_t port[6];
};

enum {
  /// It expires on the CPU that starts it.
  EBPF_TIMER_THIS_CPU = 1,
};

/// Has `timer` expire at `deadline_ns` by ebpf_port_time_ns, soon if that is
/// past; one that is pending already expires then instead. False: there is no
/// such service (the default). Never waits for `expired` to return.
/// Context: any.
bool ebpf_port_timer_start(struct ebpf_timer* timer, uint64_t deadline_ns,
                           uint32_t flags);

/// Keeps `timer` from expiring. True: it was pending. Does not wait: `expired`
/// may be running, and may start the timer again. Context: any.
bool ebpf_port_timer_stop(struct ebpf_timer* timer);

}  // extern "C"
