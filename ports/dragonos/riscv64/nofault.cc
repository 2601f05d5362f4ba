// SPDX-License-Identifier: MIT
//
// core/platform/nofault.h on RISC-V: DragonOS handles no fault of its own code
// there, so the hook of exceptions (trap.cc) is all there is for the copy of
// arch/riscv64.
#include "core/platform/nofault.h"

#include "ports/dragonos/riscv64/kernel.h"

extern "C" {

size_t ebpf_port_nofault_ranges(
    ebpf_address_range (*ranges)[EBPF_MAX_NOFAULT_RANGES]) {
  size_t count = 0;
  while (count < EBPF_MAX_NOFAULT_RANGES) {
    const dragonos_range range = dragonos_memory(count);
    if (range.end == 0) {
      break;
    }
    (*ranges)[count++] = {range.begin, range.end};
  }
  return count;
}

}  // extern "C"
