// SPDX-License-Identifier: MIT
//
// Between DragonOS and this port: the C functions that the kernel's Rust glue
// exports, and those of ours that it calls. kernel.h of the CPU's folder has
// those of that CPU alone. What is the kernel's own service as it stands,
// memory and processes and so on, the glue exports under the contract's names
// (core/platform).
//
// README.md names, for each, the Rust function behind it and the line of the
// kernel that the hook goes to.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

/// Of the CPU's folder.
struct dragonos_trap_frame;

// --- What the glue exports: CPUs ---------------------------------------------

bool dragonos_cpu_online(uint32_t cpu);

/// Counts in the current process's control block. Context: task or irq.
void dragonos_preempt_disable(void);
void dragonos_preempt_enable(void);
/// Where these two count: so many bytes behind where the lowest word of the
/// kernel's stack points to, the process's control block. 0: cannot be told.
/// Context: task.
size_t dragonos_preempt_counter(void);

/// Whether the caller may wait for the other CPUs: interrupts on, preemption
/// enabled. Context: any.
bool dragonos_may_rendezvous(void);

// --- Time, words ----------------------------------------------------------

/// The monotonic clock; takes a lock. Context: task.
uint64_t dragonos_monotonic_ns(void);
/// The cycle counter that the clock is made of. Context: any.
uint64_t dragonos_cycles(void);

/// Writes to the kernel's log; takes locks. Context: task.
void dragonos_log(const char* text, size_t size);

// --- Work in a task ---------------------------------------------------------

/// Starts a kernel thread. False if it cannot. Context: task.
bool dragonos_kthread(const char* name, int (*body)(void* argument),
                      void* argument);
/// Marks our softirq pending on this CPU: ebpf_dragonos_softirq is called when
/// the interrupt that comes next has ended. Interrupts off and one atomic
/// operation, no lock. Context: any.
void dragonos_raise_softirq(void);
/// Sleeps until dragonos_worker_wake(); not if that came since the last time.
/// Context: our kernel thread.
void dragonos_worker_sleep(void);
/// Context: softirq or task; it enters the scheduler.
void dragonos_worker_wake(void);

// --- Symbols and text -------------------------------------------------------

/// The blob that tools/ksym wrote, linked in by the second link; it stays.
void dragonos_symbols(const void** data, size_t* size);

struct dragonos_range {
  uintptr_t begin;
  uintptr_t end;
};
/// [_text, _etext).
struct dragonos_range dragonos_text(void);
/// The `index`-th range that may not be probed: the entry code, the handler of
/// breakpoints, what they run before and after our hook, and what
/// ebpf_port_cpu_id calls (it is in ebpf_noprobe itself).
/// Empty past the last. Context: task.
struct dragonos_range dragonos_no_probe(size_t index);

/// The `index`-th place where kernel code goes on by another way than jumps of
/// its function's own, or that somebody patches: a fixup of `__ex_table`, a
/// static key's jump. Empty past the last. Context: task.
struct dragonos_range dragonos_odd_place(size_t index);

// --- What the kernel calls ---------------------------------------------------

/// After SMP is up and text can be patched. 0 or -errno. Context: task.
int ebpf_dragonos_init(void);

/// Where kernel code was interrupted, it will go on at `frame`'s pc: what
/// rendezvous have to know. To be called by each handler that may let
/// interrupts in or give up the CPU before it returns, before it does. Returns
/// what ebpf_dragonos_resume is to be told. Takes no lock. Interrupts are off.
size_t ebpf_dragonos_interrupted(const struct dragonos_trap_frame* frame);

/// The last thing in such a handler, on whatever CPU it ends. Returns with
/// interrupts off, and off they stay up to the way out, which gives them back
/// from the frame.
void ebpf_dragonos_resume(size_t interruption);

/// First in the handler of this CPU's timer: what it has interrupted.
/// Interrupts are off.
void ebpf_dragonos_tick(const struct dragonos_trap_frame* frame);

/// Our softirq.
void ebpf_dragonos_softirq(void);

}  // extern "C"
