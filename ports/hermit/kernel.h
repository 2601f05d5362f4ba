// SPDX-License-Identifier: MIT
//
// What this port asks of Hermit: C functions of the kernel, its system calls
// and the few that rust/ebpf.rs and rust/ebpf add. (That also has services of
// core/platform that are the kernel's as they stand: its panic, ids of tasks,
// their stacks.) README.md tells what else the port relies on.
//
// "Locks" means: takes a lock of the kernel. Such a function is never called
// from a probe, since the probe may sit under that lock.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// --- System calls ---------------------------------------------------------

/// The kernel's heap; null if there is no memory. Locks. Context: task.
void* sys_alloc_zeroed(size_t size, size_t align);
void sys_dealloc(void* memory, size_t size, size_t align);

struct hermit_iovec {
  const uint8_t* bytes;
  size_t size;
};
/// Writes to a file, 1 being the console; how many bytes, or a negative errno.
/// Not by way of sys_write: who probes that one sees what the application
/// writes, and not the log. Locks. Context: task.
ptrdiff_t sys_writev(int32_t fd, const struct hermit_iovec* parts,
                     size_t count);

/// How many CPUs there are. Context: any.
size_t sys_get_processor_count(void);

/// 0 and a random number; negative before the kernel is up. Locks.
/// Context: task.
int32_t sys_secure_rand64(uint64_t* value);

/// Starts a task that runs `function(argument)` and returns its id, negative
/// if there is none. Priorities are 1..31, 2 the usual; a stack of
/// `stack_size` bytes; `selector` is the CPU. Locks. Context: task, interrupts
/// off: Hermit 0.11 puts the task among those that are ready to run without
/// masking them, as each interrupt's end does.
int32_t sys_spawn2(void (*function)(uintptr_t argument), uintptr_t argument,
                   uint8_t priority, size_t stack_size, ptrdiff_t selector);

/// Lets others run for a while. Locks. Context: task.
void sys_usleep(uint64_t microseconds);

// --- rust/ebpf.rs, rust/ebpf ----------------------------------------------

/// The number of the CPU that runs the caller; a task keeps to one. Takes no
/// lock. Context: any.
uint32_t ebpf_hermit_cpu_id(void);

/// The calling CPU takes part from now on. `asked()` is called where another
/// CPU has interrupted this one and our vector does not see it: in the idle
/// loop, interrupts off. Context: task, once on each CPU.
void ebpf_hermit_enter_cpu(void (*asked)(void));

/// Interrupts `cpu`. Takes no lock once a CPU was interrupted. Context: any.
void ebpf_hermit_interrupt_cpu(uint32_t cpu);

/// Calls `see(argument, pc)` for each task that no CPU is running, with where
/// it will go on; false if those were not all. Takes no lock. Context: task,
/// interrupts off, other CPUs in an interrupt.
bool ebpf_hermit_saved_pcs(void (*see)(void* argument, uintptr_t pc),
                           void* argument);

/// How often the CPU's counter (machine/counter.h) ticks in a second. RISC-V
/// and x86-64. Takes no lock. Context: any.
uint64_t ebpf_hermit_ticks_per_second(void);

/// RISC-V and x86-64. The kernel's timer interrupts at this time, too, in
/// microseconds since that was 0; never, if it is all ones. Takes no
/// lock. Context: any, interrupts off.
void ebpf_hermit_set_timer(uint64_t microseconds);

/// RISC-V and x86-64. Whether the kernel waits for the timer's interrupt that
/// has come. Context: irq.
bool ebpf_hermit_kernel_timer_due(void);

/// x86-64. Lets further interrupts come, as each handler of one does. Takes no
/// lock. Context: irq.
void ebpf_hermit_end_interrupt(void);

/// AArch64. Lets interrupts of the virtual timer come, which the kernel itself
/// does not use; false if the machine has none. Locks. Context: task.
bool ebpf_hermit_enable_virtual_timer(void);

/// From now on `tell(begin, end)` is called where a task has ended and its
/// stacks, which lie in that range, are given back. Context: task.
void ebpf_hermit_tell_stack_end(void (*tell)(uint64_t begin, uint64_t end));

// --- The image ------------------------------------------------------------

/// Where the image begins: the linker's address 0.
extern const uint8_t __ehdr_start[];

/// The functions of the image as a blob that core/symbols reads: the linker's
/// second run puts it here, and nothing in the first (tools/hermit).
extern const uint8_t ebpf_hermit_symbols[];
extern const uint8_t ebpf_hermit_symbols_end[];

#ifdef __cplusplus
}  // extern "C"
#endif
