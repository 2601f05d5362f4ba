// SPDX-License-Identifier: MIT
//
// core/platform/cpu.h on Alien, which has one CPU and no kernel preemption
// (core/platform/unpreempted.cc): a timer interrupt over kernel code re-arms
// the timer and returns, and tasks that are switched away hold return addresses
// of the scheduler's callers only.
#include "core/platform/cpu.h"

#include "arch/riscv64/machine/system_registers.h"
#include "core/base/noprobe.h"
#include "core/platform/this_cpu.h"
#include "core/platform/version.h"

EBPF_PORT_WRITTEN_FOR(3);

// tp has the hart's number, and ebpf_port_preempt_disable is empty.
constinit ebpf_this_cpu ebpf_port_this_cpu = {
    .facts = EBPF_THIS_CPU_REGISTER | EBPF_THIS_CPU_NO_PREEMPTION,
    .counter_offset = 0,
    .stack_size = 0};

constinit ebpf_context ebpf_port_context = {
    .facts = EBPF_CONTEXT_INTERRUPT_MASK,
    .stride = 0,
    .interrupts = nullptr,
    .resched = nullptr};

extern "C" EBPF_NOPROBE uint32_t ebpf_port_cpu_id(void) {
  return static_cast<uint32_t>(ebpf::riscv64::ThreadPointer());
}
