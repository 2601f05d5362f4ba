// SPDX-License-Identifier: MIT
//
// core/platform/cpu.h on Hermit for RISC-V, on one CPU. Not to be probed: a
// breakpoint's handling begins with these.
#include "core/platform/cpu.h"

#include "core/base/noprobe.h"
#include "ports/hermit/machine.h"
#include "ports/hermit/riscv64/registers.h"

EBPF_NOPROBE_RANGE(ebpf_hermit_cpu)

namespace ebpf::hermit {

bool InterruptsMasked() { return (ReadStatus() & kInterruptsOn) == 0; }

// Each task of Hermit 0.11's begins with interrupts masked, and finds them so
// after each call that switches tasks.
void LetInterruptsIn() { RestoreInterrupts(kInterruptsOn); }

}  // namespace ebpf::hermit

// ebpf_port_this_cpu keeps its default: tp is a task's, and what tells CPUs
// apart here is gp.

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

EBPF_NOPROBE void ebpf_port_relax(void) {}

}  // extern "C"
