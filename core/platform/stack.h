// SPDX-License-Identifier: MIT
//
// Who called whom. Tier T3.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

/// Writes the return addresses of the running task's kernel stack (`user`
/// false) or of its user stack (true), innermost first, at most `capacity`; how
/// many. Where the registers of an interrupted context are given
/// (machine::PtRegs), the first is their pc and the walk starts there;
/// otherwise (null) it starts somewhere in the caller. A stack that ends
/// nowhere, or in a circle, is cut. Takes no lock, does not sleep. Default: 0,
/// and no EBPF_PORT_STACKS (features.h). Absent: no `bpf_get_stack`,
/// `bpf_get_stackid`, nor call chains in samples. Context: any.
size_t ebpf_port_stack_walk(const void* regs, bool user, uint64_t* addresses,
                            size_t capacity);

/// The kernel stack in which `sp` lies, sp of the running context or of what it
/// interrupted: [*begin, *end); false where that is not known (the default).
/// Lets calls that were left by a jump be told from those that will return: all
/// kernel stacks of the machine that are in use have addresses of their own (a
/// kernel that maps each task's stack at the same one keeps the default), and
/// nothing else runs in [*begin, *end). Takes no lock. Absent: a followed call
/// that was left by a jump is found where the next begins at its place, or by
/// `ebpf_task_exit`. Context: any.
bool ebpf_port_stack_bounds(uintptr_t sp, uintptr_t* begin, uintptr_t* end);

}  // extern "C"
