// SPDX-License-Identifier: MIT
//
// Several CPUs of a kernel that tells nobody when it starts one, whole:
// ebpf_port_cpu_count and ebpf_port_stop_machine, and where stopped CPUs were
// interrupted. A task on each CPU has that take part, while the port changes
// what is the same on all (vectors, tables) under nobody's feet. The kernel has
// an interrupt for other CPUs, and never stops one again.
#pragma once

#include <stdint.h>

namespace ebpf {

/// What it takes of a kernel.
struct GatheredCpus {
  /// Starts a task on `cpu` that calls `function(0)`; false if there is none.
  /// Context: task.
  bool (*start_on)(uint32_t cpu, void (*function)(uintptr_t unused));
  /// Lets other tasks run for some 10 ms. Context: task.
  void (*wait)();
  /// Gives this CPU, none of the callers' that gathers, what it needs before
  /// anything changes; false if it cannot. Context: task, interrupts masked.
  bool (*prepare)();
  /// This CPU takes part from now on, interrupts by others come. Context: task,
  /// interrupts masked.
  void (*enter)();
  /// Has StandStill called on `cpu`. Context: any.
  void (*interrupt)(uint32_t cpu);
};

/// The port's.
extern const GatheredCpus gathered_cpus;

/// What ebpf_port_cpu_count() gives: 1, then GatherCpus's. Takes no call, for
/// ebpf_port_cpu_id of kernels with one CPU.
extern uint32_t gathered_cpu_count;

/// There are `count` CPUs (at most Rendezvous::kMostCpus), 0 and up. Has every
/// other one stand still until ReleaseCpus(). False if one does not come in two
/// seconds or cannot take part; ReleaseCpus() must follow all the same.
/// Context: task, once.
bool GatherCpus(uint32_t count);

/// Lets them go on, and each take part if `all`, this one too. Context: task,
/// once, behind GatherCpus.
void ReleaseCpus(bool all);

/// Another CPU has interrupted this one: stands as long as text changes. `pc`
/// is where the interrupt came; 0 if that is a call's end. Takes no probe.
/// Context: irq, interrupts masked.
void StandStill(uintptr_t pc);

/// Calls `see(argument, pc)` for every CPU that stands, with where an interrupt
/// came there: a part of ebpf_port_saved_pcs. Context: as there.
void ListStopped(void (*see)(void* argument, uintptr_t pc), void* argument);

}  // namespace ebpf
