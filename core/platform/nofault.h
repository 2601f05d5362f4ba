// SPDX-License-Identifier: MIT
//
// Reading and writing memory that may not be there. Tier T1.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

/// Copies `size` bytes of kernel memory that may be unmapped, or no address at
/// all; false if a byte could not be read, with what came before it copied.
/// Never sleeps, never touches devices' registers if the port can tell them.
/// Default: tries where ebpf_port_nofault_ranges says that one may, which is
/// only right where the port's fault hook calls arch/<isa>/machine/nofault.h's
/// NofaultFixup. Absent: where nofault_ranges says that one may, it is tried.
/// Context: any.
[[nodiscard]] bool ebpf_port_read_nofault(void* to, uintptr_t from,
                                          size_t size);

/// Copies `size` bytes to kernel memory that may be unmapped, read-only, or no
/// address at all: 0, or -EFAULT (-14) if a byte could not be written, with
/// what came before it written. Never sleeps, never touches devices' registers
/// if the port can tell them. Default: tries likewise. Absent: as above.
/// Context: any.
[[nodiscard]] int ebpf_port_write_nofault(uintptr_t to, const void* from,
                                          size_t size);

/// Copies `size` bytes of the running task's user memory, which may be unmapped
/// or paged out; false as above. Never touches kernel memory, whatever `from`
/// says; false where there is no task. Never sleeps. Default: false always, and
/// no EBPF_PORT_USER_NOFAULT (features.h). Absent: `bpf_probe_read_user` and
/// its like are refused at the load. Context: any.
[[nodiscard]] bool ebpf_port_read_user_nofault(void* to, uint64_t from,
                                               size_t size);

/// Copies `size` bytes to the running task's user memory, as above. Default:
/// false always. Absent: `bpf_probe_write_user` is refused at the load.
/// Context: any.
[[nodiscard]] bool ebpf_port_write_user_nofault(uint64_t to, const void* from,
                                                size_t size);

/// Addresses from `first` to `last`, both included.
struct ebpf_address_range {
  uintptr_t first;
  uintptr_t last;
};

enum { EBPF_MAX_NOFAULT_RANGES = 2 };

/// Where ebpf_port_read_nofault asks nothing but tries: kernel memory, there or
/// not, without what a user may map and without devices' registers. Compiled
/// programs load from there by themselves, what faults is undone by
/// ebpf_fix_fault, and read 0 from everywhere else. Gives up to
/// EBPF_MAX_NOFAULT_RANGES, rising and apart, and how many; the same each time.
/// Default: 0, which says that each address must be asked for, and programs
/// with such loads are not compiled. Absent: programs that load through typed
/// pointers are interpreted; what programs read of kernel memory is an error,
/// and a client of the kernel cannot be written to, unless the port has the
/// functions above. Context: any.
size_t ebpf_port_nofault_ranges(
    struct ebpf_address_range (*ranges)[EBPF_MAX_NOFAULT_RANGES]);

}  // extern "C"
