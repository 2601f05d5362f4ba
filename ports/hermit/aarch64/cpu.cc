// SPDX-License-Identifier: MIT
//
// core/platform/cpu.h on Hermit for AArch64, where Hermit has one CPU. Not to
// be probed: a breakpoint's handling begins with these.
#include "core/platform/cpu.h"

#include "core/base/noprobe.h"
#include "core/platform/this_cpu.h"
#include "ports/hermit/aarch64/registers.h"
#include "ports/hermit/machine.h"

EBPF_NOPROBE_RANGE(ebpf_hermit_cpu)

namespace ebpf::hermit {

bool InterruptsMasked() { return (ReadInterruptMasks() & kIrqMasked) != 0; }

// The worker has them as soon as it sleeps.
void LetInterruptsIn() {}

}  // namespace ebpf::hermit

// tpidr_el1 is Hermit's pointer to its CoreLocal. Preemption is held off by
// masking interrupts, as there is no counter: below.
constinit ebpf_this_cpu ebpf_port_this_cpu = {
    .facts = EBPF_THIS_CPU_REGISTER, .counter_offset = 0, .stack_size = 0};

extern "C" {

// ebpf_hermit_init refuses a kernel with more (its 0.11 cannot start them).
EBPF_NOPROBE uint32_t ebpf_port_cpu_id(void) { return 0; }
uint32_t ebpf_port_cpu_count(void) { return 1; }

EBPF_NOPROBE uintptr_t ebpf_port_irq_save(void) {
  return ebpf::hermit::MaskInterrupts();
}

EBPF_NOPROBE void ebpf_port_irq_restore(uintptr_t state) {
  ebpf::hermit::RestoreInterrupts(state);
}

// Hermit switches tasks at the end of any interrupt, and nowhere else unasked.
EBPF_NOPROBE uintptr_t ebpf_port_preempt_disable(void) {
  return ebpf::hermit::MaskInterrupts();
}

EBPF_NOPROBE void ebpf_port_preempt_enable(uintptr_t state) {
  ebpf::hermit::RestoreInterrupts(state);
}

EBPF_NOPROBE void ebpf_port_relax(void) { asm volatile("yield"); }

}  // extern "C"
