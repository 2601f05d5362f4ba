// SPDX-License-Identifier: MIT
//
// CPUs, interrupts and preemption. Tier T0.
#pragma once

#include <stdint.h>

extern "C" {

/// The number of the CPU that runs the caller, below ebpf_port_cpu_count().
/// It stays true only while preemption or interrupts are off. Context: any.
uint32_t ebpf_port_cpu_id(void);

/// One more than the highest CPU number that there can ever be, CPUs that come
/// late included; at least 1, never changes. Context: any.
uint32_t ebpf_port_cpu_count(void);

/// Masks interrupts on this CPU; the result says how they were. Nests. Default:
/// by the CPU's own flag (`machine/interrupts.h`), of supervisor mode on
/// RISC-V, with fast interrupts on AArch64. Absent: the CPU's flag masks them.
/// Context: any.
uintptr_t ebpf_port_irq_save(void);

/// Undoes the ebpf_port_irq_save that returned `state`. Default: by that flag.
/// Absent: as above. Context: any.
void ebpf_port_irq_restore(uintptr_t state);

/// Keeps the caller on its CPU, and other tasks off it. Nests. The default
/// masks interrupts. Absent: interrupts are masked where preemption off would
/// do. Context: any.
uintptr_t ebpf_port_preempt_disable(void);

/// Undoes the ebpf_port_preempt_disable that returned `state`. Must not call
/// the scheduler itself when a trap handler or an interrupt is the caller.
/// Default: unmasks them. Absent: as above. Context: any.
void ebpf_port_preempt_enable(uintptr_t state);

/// Runs `function(argument)` on CPU `cpu` with interrupts masked there, and
/// returns 0 when it has returned. -ENXIO (-6): the CPU does not run; -EBUSY
/// (-16): it did not come in time, and `function` will not run; -EOPNOTSUPP
/// (-95) where there is no such service (the default). `function` neither
/// allocates nor waits. `cpu` may be the caller's own. Absent: no test run of a
/// program on another CPU, and no perf clock events that are opened for one.
/// Tier T3. Context: task, interrupts on, no spin lock held.
int ebpf_port_call_on_cpu(uint32_t cpu, void (*function)(void* argument),
                          void* argument);

/// Tells the CPU that the caller spins, or does nothing. Default: the CPU's
/// instruction for it. Absent: the CPU's instruction for it. Context: any.
void ebpf_port_relax(void);

}  // extern "C"
