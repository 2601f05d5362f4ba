// SPDX-License-Identifier: MIT
//
// core/platform/cpu.h on DragonOS, and this_cpu.h: its CPU's number follows
// from the task register (tp on RISC-V), and its preemption counter is in the
// control block that the lowest word of each kernel stack points to.
#include "core/platform/cpu.h"

#include "core/base/noprobe.h"
#include "core/platform/this_cpu.h"
#include "machine/interrupts.h"
#include "ports/dragonos/kernel.h"

constinit ebpf_this_cpu ebpf_port_this_cpu = {
    .facts = EBPF_THIS_CPU_REGISTER, .counter_offset = 0, .stack_size = 0};

// Its preemption counter leaves interrupts as they are.
constinit ebpf_context ebpf_port_context = {
    .facts = EBPF_CONTEXT_INTERRUPT_MASK,
    .stride = 0,
    .interrupts = nullptr,
    .resched = nullptr};

extern "C" {

// DragonOS preempts at the end of an interrupt only: where these are masked
// there is nothing to do, and nothing to undo (0). So in the trap's hook these
// two call nothing.
EBPF_NOPROBE uintptr_t ebpf_port_preempt_disable() {
  if (ebpf::machine::InterruptsMasked()) {
    return 0;
  }
  dragonos_preempt_disable();
  return 1;
}

EBPF_NOPROBE void ebpf_port_preempt_enable(uintptr_t state) {
  if (state != 0) {
    dragonos_preempt_enable();
  }
}

}  // extern "C"
