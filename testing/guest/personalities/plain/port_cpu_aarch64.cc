// SPDX-License-Identifier: MIT
//
// The plain port's interrupts and number of a CPU, for AArch64. Not to be
// probed: a breakpoint's handling begins with these.
#include "core/base/noprobe.h"
#include "core/platform/cpu.h"
#include "testing/guest/aarch64/registers.h"

extern "C" {

EBPF_NOPROBE uint32_t ebpf_port_cpu_id(void) {
  return static_cast<uint32_t>(GUEST_READ_REGISTER("mpidr_el1") & 0xff);
}

EBPF_NOPROBE uintptr_t ebpf_port_irq_save(void) {
  const uintptr_t old = GUEST_READ_REGISTER("daif");
  asm volatile("msr daifset, #2" : : : "memory");
  return old;
}

EBPF_NOPROBE void ebpf_port_irq_restore(uintptr_t state) {
  GUEST_WRITE_REGISTER("daif", state);
}

}  // extern "C"
