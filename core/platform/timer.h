// SPDX-License-Identifier: MIT
//
// One-shot timers, for bpf_timer. Tier T3.
#pragma once

#include <stdint.h>

extern "C" {

/// A timer of the port; `port` is zero when it was never started. The memory is
/// the caller's, and stays until ebpf_port_timer_stop says that it may go.
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
/// such service (the default). Never waits for `expired` to return. Absent: no
/// `bpf_timer`, no perf clock events. Context: any.
bool ebpf_port_timer_start(struct ebpf_timer* timer, uint64_t deadline_ns,
                           uint32_t flags);

/// Keeps `timer` from expiring. 1: it was pending. 0: it was not. -1: its
/// `expired` runs, or is about to, and may start it again; it does not wait for
/// that, and once the result is 0 or 1 the memory is the caller's again, unless
/// somebody starts the timer. Default: 0. Absent: as above. Context: any.
int ebpf_port_timer_stop(struct ebpf_timer* timer);

/// The registers of what was interrupted, as machine::PtRegs, when `expired` of
/// a timer runs in an interrupt on this CPU; `*in_user`: they are those of a
/// process's own code. They stay until `expired` returns. Null where that is
/// not known, or `expired` runs elsewhere (the default). Absent: samples of
/// perf clock events have no registers and no stack. Context: irq, in
/// `expired`.
const void* ebpf_port_interrupted_regs(bool* in_user);

}  // extern "C"
