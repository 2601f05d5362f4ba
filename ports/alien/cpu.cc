// SPDX-License-Identifier: MIT
//
// core/platform/cpu.h on Alien, which has one CPU and no kernel preemption.
#include "core/platform/cpu.h"

#include "ports/alien/csr.h"
#include "ports/alien/kernel.h"

extern "C" {

uint32_t ebpf_port_cpu_id(void) {
  return static_cast<uint32_t>(ebpf::alien::HartId());
}

uint32_t ebpf_port_cpu_count(void) {
  return static_cast<uint32_t>(alien_cpu_num());
}

uintptr_t ebpf_port_irq_save(void) { return ebpf::alien::MaskInterrupts(); }

void ebpf_port_irq_restore(uintptr_t state) {
  ebpf::alien::RestoreInterrupts(state);
}

// A timer interrupt over kernel code never switches tasks, so a caller is alone
// on its CPU as long as it does not suspend itself.
uintptr_t ebpf_port_preempt_disable(void) { return 0; }
void ebpf_port_preempt_enable(uintptr_t /*state*/) {}

void ebpf_port_relax(void) {}

}  // extern "C"
