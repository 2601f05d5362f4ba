// SPDX-License-Identifier: MIT
//
// Kernel text: writing it, executable memory, stopping the other CPUs.
// Tier T1. A port that lacks one of these keeps the default, and probes are
// then refused with kNotSupported.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

/// Runs `function(argument)` on this CPU while every other CPU stands still in
/// a loop of the port's with interrupts masked, and returns 0 and its result in
/// `*result`. Each other CPU synchronises its instruction stream before it goes
/// on (x86: a serialising instruction; AArch64: isb; RISC-V: fence.i).
///
/// Bounded: if a CPU does not come, -EBUSY (-16), and `function` was not run.
/// -EOPNOTSUPP (-95) where there is no such service (the default). `function`
/// is short, and neither allocates nor takes locks. Absent: no probes, no
/// static keys. Context: task, interrupts on, no spin lock held.
int ebpf_port_stop_machine(int (*function)(void* argument), void* argument,
                           int* result);

/// Writes `size` (1..64) bytes over executable memory at `to`, kernel text or
/// ebpf_port_exec_alloc's, through an alias mapping if the text is read-only,
/// and makes them what *this* CPU fetches (cache maintenance). 0, or a negative
/// errno with nothing written, -EFAULT (-14) where `to` is neither. Takes no
/// lock that a stopped CPU may hold. What is written may be instructions of a
/// function that this one calls, memcpy's loop say: so what
/// ebpf_port_may_detour allows changes by code that ebpf_port_may_probe
/// refuses, or it would run half a jump; where nothing is allowed it is enough
/// that each instruction changes in one store. Default: -EOPNOTSUPP. Absent: no
/// probes, no static keys. Context: only inside ebpf_port_stop_machine's
/// `function`.
int ebpf_port_text_write(uintptr_t to, const void* bytes, size_t size);

/// `size` bytes of memory that can be executed and is written by
/// ebpf_port_text_write only; every address of it less than `reach` away from
/// `near`. Whole pages of 4096 bytes begin at a multiple of that. Null if there
/// is none. Default: null. Absent: programs are interpreted, and probes stand
/// only on what can be emulated. Context: task.
void* ebpf_port_exec_alloc(size_t size, uintptr_t near, uint64_t reach);

/// Gives back what ebpf_port_exec_alloc returned for the same `size`. No CPU
/// runs in it or will return into it. Default: nothing. Absent: as above.
/// Context: task.
void ebpf_port_exec_free(void* memory, size_t size);

/// Whether a probe may stand on the `size` bytes at `address`: they are kernel
/// text and not part of what the kernel itself runs between a breakpoint trap
/// and ebpf_on_breakpoint, or after it until the trap returns, nor of
/// ebpf_port_cpu_id, ebpf_port_irq_save and ebpf_port_irq_restore, which are
/// called on that path and where followed calls return (a kretprobe on one of
/// them would follow itself), nor of what these call, nor of what a CPU runs
/// while ebpf_port_stop_machine holds it: text must not change under a CPU. Our
/// own part of the path is in the section `ebpf_noprobe`, which core refuses
/// by itself. Default: false. Absent: no probes. Context: task.
bool ebpf_port_may_probe(uintptr_t address, size_t size);

/// Whether calls of the function at `function` may be followed to their returns
/// (kretprobes): each call returns once, with sp where it was but for parts of
/// prologues, to its return address and by nothing else. Not so are what
/// returns twice (core refuses setjmp and its like by name), what returns on
/// another stack, and what is entered by no call: traps' and tasks' first
/// instructions. Default: true. Absent: kretprobes are trusted to stand where
/// calls enter. Context: task.
bool ebpf_port_may_follow(uintptr_t function);

/// Whether the kernel says of the function at `function` that programs may make
/// it return a value of theirs without having run (bpf_override_return; Linux's
/// ALLOW_ERROR_INJECTION): its callers can live with each result, and it is
/// left by its plain return. Default: false. Absent: no `bpf_override_return`.
/// Context: task.
bool ebpf_port_may_override(uintptr_t function);

/// Whether a jump may stand on the `size` bytes at `address`, several whole
/// instructions of one function on which probes may stand: the kernel is built
/// without a red zone, and nothing goes on inside of them (after the first
/// one's beginning) but by jumps of that function's own code: no exception
/// table names a place there where a fault goes on, and nobody else patches
/// them. Default: false, and breakpoints stay. Absent: each hit is a trap.
/// Context: task.
bool ebpf_port_may_detour(uintptr_t address, size_t size);

/// What a port says of preemption inside the kernel; decides whether text that
/// a task may have been interrupted in can ever be reused.
enum ebpf_preemption {
  /// No task is switched away while it runs kernel code outside the
  /// scheduler's own call: interrupted program counters are on CPUs only.
  EBPF_PREEMPTION_NONE = 0,
  /// The kernel preempts, and lists the saved program counters of its tasks.
  EBPF_PREEMPTION_LISTED = 1,
  /// The kernel preempts, and cannot list them (the default).
  EBPF_PREEMPTION_UNKNOWN = 2,
};

/// What of these is so in this kernel, always. Default:
/// EBPF_PREEMPTION_UNKNOWN. Absent: no detours, instructions are stepped with a
/// second trap. Context: any.
enum ebpf_preemption ebpf_port_preemption(void);

/// Calls `see(argument, pc)` for each place at which kernel code will go on
/// that does not run now. 0, or -EOPNOTSUPP (the default). They are
///
/// - where each stopped CPU was interrupted;
/// - with EBPF_PREEMPTION_LISTED, where each task that was switched away at the
///   end of an interrupt was interrupted;
/// - of each of both, where the interrupts and faults below that one, whose
///   handlers let interrupts in, had come from.
///
/// Any may be told more than once. Not asked for: return addresses, and where
/// tasks wait that gave up their CPU themselves; text that this is asked for is
/// not called from. Neither allocates nor takes a lock that a stopped CPU may
/// hold. Absent: as EBPF_PREEMPTION_UNKNOWN. Context: only inside
/// ebpf_port_stop_machine's `function`.
int ebpf_port_saved_pcs(void (*see)(void* argument, uintptr_t pc),
                        void* argument);

/// What the stub between the breakpoint trap and ebpf_on_breakpoint can do
/// besides restoring the general registers and pc.
enum ebpf_trap_stub {
  /// It sets sp from the frame; it leaves no gap below the interrupted sp.
  EBPF_TRAP_STUB_SETS_SP = 1,
  /// It leaves a gap below the interrupted sp that may be written
  /// (x86-64: 8 bytes, AArch64: 512, RISC-V: 512).
  EBPF_TRAP_STUB_LEAVES_GAP = 2,
};

/// Code, not a function: where ebpf_breakpoint_entry (core/capi/ebpf.h) jumps
/// when a breakpoint is none of ours, or user mode's, with registers, stack and
/// flags as the CPU left them for its vector's handler, and interrupts masked:
/// the kernel's own entry. Default: the end, by ebpf_port_panic. Absent:
/// `ebpf_breakpoint_entry` cannot be used. Context: trap.
void ebpf_port_breakpoint_entry(void);

/// A sum of ebpf_trap_stub; default 0: instructions that write the stack or sp
/// then run out of line. Absent: pushes and calls are stepped with a second
/// trap. Context: any.
uint32_t ebpf_port_trap_stub(void);

}  // extern "C"
