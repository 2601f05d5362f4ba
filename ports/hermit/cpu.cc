// SPDX-License-Identifier: MIT
//
// core/platform/cpu.h on Hermit. It switches tasks at the end of any interrupt,
// and nowhere else unasked: who keeps them masked keeps the CPU.
#include "core/platform/cpu.h"

#include "core/base/noprobe.h"
#include "ports/hermit/cpus.h"
#include "ports/hermit/kernel.h"

extern "C" {

EBPF_NOPROBE uint32_t ebpf_port_cpu_id(void) {
  return ebpf::hermit::cpu_count == 1 ? 0 : ebpf_hermit_cpu_id();
}

uint32_t ebpf_port_cpu_count(void) { return ebpf::hermit::cpu_count; }

}  // extern "C"
