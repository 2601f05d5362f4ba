// SPDX-License-Identifier: MIT
//
// What the CPU folders of this port give to the rest of it, besides what
// core/platform's page_access.h, counter_time.h and taken_traps.h ask for.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::hermit {

/// Lets interrupts in, in a task that began with them masked and that the
/// kernel leaves so. Context: task, no lock held.
void LetInterruptsIn();

/// Puts our exception vectors before the kernel's. False if that cannot be:
/// our vectors cannot be written, or the kernel's are too far away; the kernel
/// then keeps its own. Context: task, once.
bool InstallTraps();

/// Whether this folder knows how CPUs interrupt each other: without, the port
/// is for one CPU.
extern const bool kManyCpus;

/// Gives the calling CPU what our vectors will need there; false without
/// memory. Context: task, interrupts masked, once on each CPU but the first,
/// before InstallTraps().
bool PrepareCpu();

/// Gives it our vectors, and lets interrupts by other CPUs in. Context: task,
/// interrupts masked, once on each CPU if there are several, after
/// InstallTraps().
void EnterCpu();

/// Makes every other CPU fetch what was written. Context: any.
void SyncInsnsElsewhere();

/// Whether [address, address + size) touches the kernel's part of a trap's way.
/// Context: task.
bool IsTrapCode(uintptr_t address, size_t size);

/// Makes the CPU fetch what was written to [address, address + size).
/// Context: any.
void FlushInsns(uintptr_t address, size_t size);

/// Prepares a timer of our own, whose interrupts our vectors see before the
/// kernel. False if there is none. Context: task, once, after InstallTraps().
bool StartTimer();

/// Has the timer interrupt at `deadline_ns` by ebpf_port_time_ns(), soon if
/// that is past and never if it is all ones. Context: any, interrupts masked.
void ArmTimer(uint64_t deadline_ns);

/// Which of core/capi/ebpf_trace.h's EBPF_SYSCALLS_* Linux has on this CPU.
extern const int kSyscallNumbers;

}  // namespace ebpf::hermit
