// SPDX-License-Identifier: MIT
//
// Filling executable memory before anything runs there. Tier T1.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

/// Writes `size` bytes to memory from ebpf_port_exec_alloc (text.h) that no CPU
/// executes or will execute before this returns, though others may run
/// elsewhere in the same page. 0, or a negative errno with the
/// memory's contents undefined; -EOPNOTSUPP (-95) where there is no executable
/// memory (the default).
///
/// No mapping of the memory is writable and executable at once: it is written
/// through an alias, in steps if need be. Afterwards every CPU that is told of
/// the address executes what was written: caches are cleaned and invalidated,
/// and the other CPUs synchronise their instruction streams, where the CPU
/// needs it. Absent: programs are interpreted. Context: task, interrupts on, no
/// spin lock held.
int ebpf_port_exec_write(void* to, const void* bytes, size_t size);

}  // extern "C"
