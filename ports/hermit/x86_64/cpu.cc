// SPDX-License-Identifier: MIT
//
// core/platform/cpu.h on Hermit for x86-64, on one CPU. Not to be probed: a
// breakpoint's handling begins with these.
#include "core/platform/cpu.h"

#include "core/base/noprobe.h"
#include "core/platform/this_cpu.h"
#include "ports/hermit/machine.h"
#include "ports/hermit/x86_64/registers.h"

EBPF_NOPROBE_RANGE(ebpf_hermit_cpu)

namespace ebpf::hermit {

bool InterruptsMasked() { return (ReadFlags() & kInterruptsOn) == 0; }

// A task of Hermit's begins so.
void LetInterruptsIn() {}

}  // namespace ebpf::hermit

// The selector of the one task state segment. Preemption is held off by masking
// interrupts, as there is no counter: below.
constinit ebpf_this_cpu ebpf_port_this_cpu = {
    .facts = EBPF_THIS_CPU_REGISTER, .counter_offset = 0, .stack_size = 0};

extern "C" {

// ebpf_hermit_start_port refuses a kernel with more.
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

EBPF_NOPROBE void ebpf_port_relax(void) { asm volatile("pause"); }

}  // extern "C"
