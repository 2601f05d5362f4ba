// SPDX-License-Identifier: MIT
//
// core/platform/cpu.h on Hermit. Not to be probed: a breakpoint's handling
// begins with these.
#include "core/platform/cpu.h"

#include "core/base/noprobe.h"
#include "machine/interrupts.h"
#include "ports/hermit/cpus.h"
#include "ports/hermit/kernel.h"

EBPF_NOPROBE_RANGE(ebpf_hermit_cpu)

extern "C" {

EBPF_NOPROBE uint32_t ebpf_port_cpu_id(void) {
  return ebpf::hermit::cpu_count == 1 ? 0 : ebpf_hermit_cpu_id();
}

uint32_t ebpf_port_cpu_count(void) { return ebpf::hermit::cpu_count; }

EBPF_NOPROBE uintptr_t ebpf_port_irq_save(void) {
  return ebpf::machine::MaskInterrupts();
}

EBPF_NOPROBE void ebpf_port_irq_restore(uintptr_t state) {
  ebpf::machine::RestoreInterrupts(state);
}

// Hermit switches tasks at the end of any interrupt, and nowhere else unasked.
EBPF_NOPROBE uintptr_t ebpf_port_preempt_disable(void) {
  return ebpf::machine::MaskInterrupts();
}

EBPF_NOPROBE void ebpf_port_preempt_enable(uintptr_t state) {
  ebpf::machine::RestoreInterrupts(state);
}

EBPF_NOPROBE void ebpf_port_relax(void) { ebpf::machine::Relax(); }

}  // extern "C"
