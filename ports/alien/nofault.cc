// SPDX-License-Identifier: MIT
//
// core/platform/nofault.h on Alien, which has no exception table: the hook in
// its fault handler (trap.cc) is one for the copy of arch/riscv64.
#include "core/platform/nofault.h"

#include "ports/alien/kernel.h"

// On every machine that Alien runs on, what lies below the kernel is the
// firmware's and devices' registers, which must not be touched for fun.
extern "C" size_t ebpf_port_nofault_ranges(
    ebpf_address_range (*ranges)[EBPF_MAX_NOFAULT_RANGES]) {
  (*ranges)[0] = {reinterpret_cast<uintptr_t>(stext), UINTPTR_MAX};
  return 1;
}
