// SPDX-License-Identifier: MIT
//
// What is DragonOS's on x86-64 alone, beside ports/dragonos/kernel.h.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ports/dragonos/x86_64/trap_frame.h"

extern "C" {

// --- What the glue exports --------------------------------------------------

/// `count` (a power of two) page frames in the direct map, writable. Null if
/// there are none. Context: task.
void* dragonos_pages_alloc(size_t count);
void dragonos_pages_free(void* pages, size_t count);

/// Changes the permissions of mapped pages and returns when no CPU has the old
/// ones in its TLB; 0 or -errno. Context: task, interrupts on.
int dragonos_pages_protect(void* pages, size_t count, bool write, bool execute);

/// Address space of `count` pages for our own mappings: its last-level page
/// table exists, its entries are empty or to be overwritten, nobody else uses
/// it, no TLB holds it. Once. Null if there is none. Context: task.
void* dragonos_window(size_t count);

/// Where physical address 0 is in the direct map. Context: any.
uintptr_t dragonos_direct_map(void);

/// Sends IPI_NUM_EBPF to `cpu`. Lock-free. Context: any.
void dragonos_send_ipi(uint32_t cpu);

/// Code, not a function: what was in the gate of #BP, for breakpoints of user
/// mode and of others. Jumped to with interrupts as the CPU found them.
void dragonos_trap_int3(void);

// --- What the kernel calls ---------------------------------------------------

/// In the gate of #BP in place of dragonos_trap_int3, an interrupt gate that
/// user mode may use, from the kernel's start on (core/capi/ebpf.h).
/// ebpf_dragonos_init refuses to work with another.
void ebpf_breakpoint_entry(void);

/// First statement of do_page_fault and do_general_protection. True: the frame
/// goes on elsewhere, return at once. (In do_page_fault
/// ebpf_dragonos_interrupted comes right behind it.)
bool ebpf_dragonos_fault(struct dragonos_trap_frame* frame);

/// IPI_NUM_EBPF has come, after its end-of-interrupt; interrupts are off.
void ebpf_dragonos_ipi(struct dragonos_trap_frame* frame);

}  // extern "C"
