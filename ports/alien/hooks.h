// SPDX-License-Identifier: MIT
//
// What Alien calls of this port, and where. The rest of what a kernel calls,
// bpf(2) among it, is core/capi/ebpf.h.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ports/alien/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Brings eBPF up: 0, or a negative errno with probes absent. In main(), after
/// init_init_array!(), before the first user task. Context: task.
int ebpf_alien_init(void);

/// The first statement of ebreak_handler, for a kernel frame: true if the trap
/// is dealt with and the handler is to return at once. Otherwise the handler
/// goes on as ever; what it adds to sepc is made to fit the instruction.
/// Context: trap.
bool ebpf_alien_breakpoint(struct alien_ktrap_frame* frame);

/// The first statement of do_kernel_handle for every exception but breakpoints:
/// true if sepc now leads out of it. Otherwise the kernel goes on as ever, with
/// sepc where the instruction that faulted really stands. Context: trap.
bool ebpf_alien_kernel_fault(struct alien_ktrap_frame* frame);

/// Of the arms for a timer interrupt in do_kernel_handle and do_user_handle,
/// the statement behind the one that arms the timer again: what is due happens.
/// Interrupts are off. Context: irq.
void ebpf_alien_tick(const struct alien_ktrap_frame* frame);
void ebpf_alien_user_tick(const struct alien_trap_frame* frame);

#ifdef __cplusplus
}  // extern "C"
#endif
