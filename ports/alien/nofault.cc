// SPDX-License-Identifier: MIT
//
// core/platform/nofault.h on Alien, which has no exception table: the hook in
// its fault handler (trap.cc) is one for the copy of arch/riscv64.
#include "core/platform/nofault.h"

#include "arch/riscv64/machine/nofault.h"
#include "core/platform/nofault_ranges.h"
#include "ports/alien/kernel.h"

extern "C" {

bool ebpf_port_read_nofault(void* to, uintptr_t from, size_t size) {
  return ebpf::ReadByTrying(&ebpf_copy_nofault, to, from, size);
}

int ebpf_port_write_nofault(uintptr_t to, const void* from, size_t size) {
  return ebpf::WriteByTrying(&ebpf_copy_nofault, to, from, size);
}

// On every machine that Alien runs on, what lies below the kernel is the
// firmware's and devices' registers, which must not be touched for fun.
size_t ebpf_port_nofault_ranges(
    ebpf_address_range (*ranges)[EBPF_MAX_NOFAULT_RANGES]) {
  (*ranges)[0] = {reinterpret_cast<uintptr_t>(stext), UINTPTR_MAX};
  return 1;
}

}  // extern "C"
