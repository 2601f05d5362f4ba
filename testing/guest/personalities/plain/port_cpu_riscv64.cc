// SPDX-License-Identifier: MIT
//
// The plain port's number of a CPU, for RISC-V. Not to be probed: a
// breakpoint's handling begins with it.
#include "core/base/noprobe.h"
#include "core/platform/cpu.h"
#include "core/platform/this_cpu.h"

constinit ebpf_this_cpu ebpf_port_this_cpu = {
    .facts = EBPF_THIS_CPU_REGISTER, .counter_offset = 0, .stack_size = 0};

extern "C" {

EBPF_NOPROBE uint32_t ebpf_port_cpu_id(void) {
  uintptr_t cpu;
  asm("mv %0, tp" : "=r"(cpu));
  return static_cast<uint32_t>(cpu);
}

}  // extern "C"
