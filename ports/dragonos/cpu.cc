// SPDX-License-Identifier: MIT
//
// core/platform/cpu.h on DragonOS.
#include "core/platform/cpu.h"

#include "core/base/noprobe.h"
#include "machine/interrupts.h"
#include "ports/dragonos/kernel.h"

EBPF_NOPROBE_RANGE(ebpf_dragonos_cpu_noprobe)

namespace {

// Preemption is disabled in the current process's control block, or interrupts
// were masked already: DragonOS preempts at the end of an interrupt only.
constexpr uintptr_t kNothingToUndo = 0;
constexpr uintptr_t kDisabled = 1;

}  // namespace

extern "C" {

EBPF_NOPROBE uint32_t ebpf_port_cpu_id() { return dragonos_cpu_id(); }

uint32_t ebpf_port_cpu_count() { return dragonos_cpu_count(); }

EBPF_NOPROBE uintptr_t ebpf_port_irq_save() {
  return ebpf::machine::MaskInterrupts();
}

EBPF_NOPROBE void ebpf_port_irq_restore(uintptr_t state) {
  ebpf::machine::RestoreInterrupts(state);
}

// In the trap's hook interrupts are masked: these two call nothing there.
EBPF_NOPROBE uintptr_t ebpf_port_preempt_disable() {
  if (ebpf::machine::InterruptsMasked()) {
    return kNothingToUndo;
  }
  dragonos_preempt_disable();
  return kDisabled;
}

EBPF_NOPROBE void ebpf_port_preempt_enable(uintptr_t state) {
  if (state == kDisabled) {
    dragonos_preempt_enable();
  }
}

void ebpf_port_relax() { ebpf::machine::Relax(); }

}  // extern "C"
