// SPDX-License-Identifier: MIT
//
// How interrupts are masked where a port does not say so itself: by the flag
// that this CPU has for it. Weak, and beside absent.cc for this_cpu.cc's
// reason. Not to be probed: a breakpoint's handling begins with these.
#include "machine/interrupts.h"

#include "core/base/noprobe.h"
#include "core/platform/cpu.h"

#define EBPF_ABSENT EBPF_NOPROBE __attribute__((weak))

extern "C" {

EBPF_ABSENT uintptr_t ebpf_port_irq_save(void) {
  return ebpf::machine::MaskInterrupts();
}

EBPF_ABSENT void ebpf_port_irq_restore(uintptr_t state) {
  ebpf::machine::RestoreInterrupts(state);
}

EBPF_ABSENT uintptr_t ebpf_port_preempt_disable(void) {
  return ebpf_port_irq_save();
}

EBPF_ABSENT void ebpf_port_preempt_enable(uintptr_t state) {
  ebpf_port_irq_restore(state);
}

EBPF_ABSENT void ebpf_port_relax(void) { ebpf::machine::Relax(); }

}  // extern "C"
