// SPDX-License-Identifier: MIT
//
// The plain port's number of a CPU, for AArch64. Not to be
// probed: a breakpoint's handling begins with these.
#include "core/base/noprobe.h"
#include "core/platform/cpu.h"
#include "core/platform/this_cpu.h"
#include "testing/guest/aarch64/registers.h"
#include "testing/guest/kernel/thread.h"

// tpidr_el1 points to what the guest kernel has for each CPU.
constinit ebpf_this_cpu ebpf_port_this_cpu = {
    .facts = EBPF_THIS_CPU_REGISTER | EBPF_THIS_CPU_COUNTER_BY_REGISTER,
    .counter_offset = offsetof(guest::ThisCpu, preempt_disabled),
    .stack_size = 0};

constinit ebpf_context ebpf_port_context = {
    .facts = EBPF_CONTEXT_INTERRUPT_MASK | EBPF_CONTEXT_PREEMPT_DEPTH,
    .stride = 0,
    .interrupts = nullptr,
    .resched = nullptr};

extern "C" {

EBPF_NOPROBE uint32_t ebpf_port_cpu_id(void) {
  return static_cast<uint32_t>(GUEST_READ_REGISTER("mpidr_el1") & 0xff);
}

EBPF_NOPROBE uintptr_t ebpf_port_preempt_disable(void) {
  auto* const cpu =
      reinterpret_cast<guest::ThisCpu*>(GUEST_READ_REGISTER("tpidr_el1"));
  cpu->preempt_disabled = cpu->preempt_disabled + 1;
  return 0;
}

EBPF_NOPROBE void ebpf_port_preempt_enable(uintptr_t /*state*/) {
  auto* const cpu =
      reinterpret_cast<guest::ThisCpu*>(GUEST_READ_REGISTER("tpidr_el1"));
  cpu->preempt_disabled = cpu->preempt_disabled - 1;
}

}  // extern "C"
