// SPDX-License-Identifier: MIT
//
// core/platform/cpu.h on Hermit for AArch64, where Hermit has one CPU.
#include "core/platform/cpu.h"

#include "ports/hermit/aarch64/registers.h"
#include "ports/hermit/machine.h"

namespace ebpf::hermit {

bool InterruptsMasked() { return (ReadInterruptMasks() & kIrqMasked) != 0; }

}  // namespace ebpf::hermit

extern "C" {

// ebpf_hermit_init refuses a kernel with more (its 0.11 cannot start them).
uint32_t ebpf_port_cpu_id(void) { return 0; }
uint32_t ebpf_port_cpu_count(void) { return 1; }

uintptr_t ebpf_port_irq_save(void) { return ebpf::hermit::MaskInterrupts(); }

void ebpf_port_irq_restore(uintptr_t state) {
  ebpf::hermit::RestoreInterrupts(state);
}

// Preemption stays with its default, masked interrupts: Hermit switches tasks
// at the end of any interrupt.

void ebpf_port_relax(void) { asm volatile("yield"); }

}  // extern "C"
