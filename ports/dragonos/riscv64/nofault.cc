// SPDX-License-Identifier: MIT
//
// core/platform/nofault.h on RISC-V: DragonOS handles no fault of its own code
// there, so the hook of exceptions (trap.cc) is all there is for the copy of
// arch/riscv64.
#include "core/platform/nofault.h"

#include "arch/riscv64/machine/nofault.h"
#include "core/platform/nofault_ranges.h"
#include "ports/dragonos/riscv64/kernel.h"

extern "C" {

bool ebpf_port_read_nofault(void* to, uintptr_t from, size_t size) {
  return ebpf::ReadByTrying(&ebpf_copy_nofault, to, from, size);
}

int ebpf_port_write_nofault(uintptr_t to, const void* from, size_t size) {
  return ebpf::WriteByTrying(&ebpf_copy_nofault, to, from, size);
}

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
