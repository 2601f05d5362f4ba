// SPDX-License-Identifier: MIT
//
// The list of the ranges that EBPF_NOPROBE_RANGE makes in this port and in what
// it uses.
#include "ports/dragonos/unprobeable.h"

#include "core/base/noprobe.h"

// In breakpoint.S, ../cpu.cc, rendezvous.cc and trap.cc; in core/platform and
// arch/x86_64/machine.
EBPF_NOPROBE_SYMBOLS(ebpf_dragonos_breakpoint)
EBPF_NOPROBE_SYMBOLS(ebpf_dragonos_cpu_noprobe)
EBPF_NOPROBE_SYMBOLS(ebpf_dragonos_rendezvous_noprobe)
EBPF_NOPROBE_SYMBOLS(ebpf_dragonos_trap_noprobe)
EBPF_NOPROBE_SYMBOLS(ebpf_interruptions_noprobe)
EBPF_NOPROBE_SYMBOLS(ebpf_rendezvous_noprobe)
EBPF_NOPROBE_SYMBOLS(ebpf_text_window_noprobe)
EBPF_NOPROBE_SYMBOLS(ebpf_ticks_noprobe)

namespace ebpf::dragonos {

bool IsUnprobeable(uintptr_t address, size_t size) {
  const TextRange ranges[] = {
      {ebpf_dragonos_breakpoint_begin, ebpf_dragonos_breakpoint_end},
      {ebpf_dragonos_cpu_noprobe_begin, ebpf_dragonos_cpu_noprobe_end},
      {ebpf_dragonos_rendezvous_noprobe_begin,
       ebpf_dragonos_rendezvous_noprobe_end},
      {ebpf_dragonos_trap_noprobe_begin, ebpf_dragonos_trap_noprobe_end},
      {ebpf_interruptions_noprobe_begin, ebpf_interruptions_noprobe_end},
      {ebpf_rendezvous_noprobe_begin, ebpf_rendezvous_noprobe_end},
      {ebpf_text_window_noprobe_begin, ebpf_text_window_noprobe_end},
      {ebpf_ticks_noprobe_begin, ebpf_ticks_noprobe_end},
  };
  return AnyOverlaps(ranges, address, size);
}

}  // namespace ebpf::dragonos
