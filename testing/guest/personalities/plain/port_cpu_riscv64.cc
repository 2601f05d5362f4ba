// SPDX-License-Identifier: MIT
//
// The plain port's interrupts and number of a CPU, for RISC-V. Not to be
// probed: a breakpoint's handling begins with these.
#include "core/base/noprobe.h"
#include "core/platform/cpu.h"
#include "core/platform/this_cpu.h"
#include "testing/guest/riscv64/csr.h"

using guest::riscv64::kSstatusSie;

constinit ebpf_this_cpu ebpf_port_this_cpu = {
    .facts = EBPF_THIS_CPU_REGISTER, .counter_offset = 0, .stack_size = 0};

extern "C" {

EBPF_NOPROBE uint32_t ebpf_port_cpu_id(void) {
  uintptr_t cpu;
  asm("mv %0, tp" : "=r"(cpu));
  return static_cast<uint32_t>(cpu);
}

EBPF_NOPROBE uintptr_t ebpf_port_irq_save(void) {
  uintptr_t old;
  asm volatile("csrrc %0, sstatus, %1"
               : "=r"(old)
               : "r"(kSstatusSie)
               : "memory");
  return old & kSstatusSie;
}

EBPF_NOPROBE void ebpf_port_irq_restore(uintptr_t state) {
  asm volatile("csrs sstatus, %0" : : "r"(state) : "memory");
}

}  // extern "C"
