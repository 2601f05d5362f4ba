// SPDX-License-Identifier: MIT
//
// Several CPUs: how each comes to take part, and how one asks the others.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::hermit {

/// CPUs with higher numbers make the port refuse the kernel.
inline constexpr size_t kMostCpus = 128;

/// What ebpf_port_cpu_count() gives. Set once, before anything asks.
extern uint32_t cpu_count;

/// Has every other CPU stand still until ReleaseCpus(), when it takes part: in
/// vectors, interrupts, timers. False if one does not come, as something else
/// keeps it busy, or there is no memory. Context: task, once, before
/// InstallTraps().
bool GatherCpus();

/// Lets them go on, and this one take part if `installed`. Context: task, once.
void ReleaseCpus(bool installed);

/// ebpf_port_stop_machine with other CPUs (core/platform/rendezvous.h).
/// Context: task, interrupts on.
int StopOtherCpus(int (*function)(void* argument), void* argument, int* result);

/// Calls `see(argument, pc)` for every other CPU, with where an interrupt came
/// there. Context: inside of StopOtherCpus's function.
void ListInterrupted(void (*see)(void* argument, uintptr_t pc), void* argument);

/// Another CPU has interrupted this one: does what that one may want, but for
/// calls, which are Tick's. `pc` is where the interrupt came; 0 if that is a
/// call's end. Takes no probe. Context: irq, interrupts masked.
void StandStill(uintptr_t pc);

/// The same and a tick, where no trap's frame tells. Context: idle task,
/// interrupts masked.
extern "C" void EbpfHermitAskedInIdle();

}  // namespace ebpf::hermit
