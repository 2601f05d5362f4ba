// SPDX-License-Identifier: MIT
//
// What makes the guest kernel look like one real kernel to its port;
// testing/guest/personalities/<kernel>/ defines it all.
//
// A personality also owns, in assembly, `guest_trap_entry` (machine.h): the
// trap frame is the real kernel's, word for word. And it exports the C
// functions that ports/<kernel>/kernel.h lists, which in the real kernel its
// Rust glue exports.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace guest {
struct Thread;

namespace personality {

/// "DragonOS", "Alien", ...
extern const char kName[];

/// Kernel stacks have this size and alignment, a power of two.
extern const size_t kStackSize;

/// True if each task has a name to give (the workload's threads do).
extern const bool kHasTaskNames;

/// True if it calls PreemptIfDue() (thread.h) at the end of interrupts.
extern const bool kCanPreempt;

/// True if it looks for something at the low end of a stack of kStackSize that
/// sp is in: other stacks will not do.
extern const bool kStacksHaveOneSize;

/// False where a stack of the real kernel has an address that the guest's has
/// not, by which its port knows it: ebpf_port_stack_bounds then knows nothing.
extern const bool kStacksAreKnown;

/// Gives the image's sections the real kernel's permissions. Called once, on
/// CPU 0, when the allocator works and before other CPUs start.
void ProtectImage();

/// Called on each CPU, interrupts off, when its page tables and trap entry
/// are in place and before it runs threads.
void StartedCpu(uint32_t cpu);

/// Called for each new thread before it first runs, and for the boot thread
/// of each CPU on that CPU.
void StartedThread(Thread* thread);

/// Called when an interprocessor interrupt comes, interrupts off.
void OnIpi(uint32_t cpu, uintptr_t pc, uintptr_t sp);

/// Called at each timer tick of each CPU, interrupts off.
void OnTick(uint32_t cpu);

}  // namespace personality
}  // namespace guest
