// SPDX-License-Identifier: MIT
//
// The list of the ranges that EBPF_NOPROBE_RANGE makes in this port and in what
// it uses, and what holds no function of the kernel's.
#include "ports/dragonos/unprobeable.h"

#include "core/base/noprobe.h"
#include "ports/dragonos/riscv64/exec_memory.h"

// In ../cpu.cc and trap.cc; in core/platform.
EBPF_NOPROBE_SYMBOLS(ebpf_dragonos_cpu_noprobe)
EBPF_NOPROBE_SYMBOLS(ebpf_dragonos_trap_noprobe)
EBPF_NOPROBE_SYMBOLS(ebpf_interruptions_noprobe)
EBPF_NOPROBE_SYMBOLS(ebpf_ticks_noprobe)

namespace ebpf::dragonos {

bool IsUnprobeable(uintptr_t address, size_t size) {
  const TextRange ranges[] = {
      {ebpf_dragonos_cpu_noprobe_begin, ebpf_dragonos_cpu_noprobe_end},
      {ebpf_dragonos_trap_noprobe_begin, ebpf_dragonos_trap_noprobe_end},
      {ebpf_interruptions_noprobe_begin, ebpf_interruptions_noprobe_end},
      {ebpf_ticks_noprobe_begin, ebpf_ticks_noprobe_end},
  };
  return AnyOverlaps(ranges, address, size) || exec_pool.Touches(address, size);
}

}  // namespace ebpf::dragonos
