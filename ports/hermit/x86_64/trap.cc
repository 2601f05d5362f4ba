// SPDX-License-Identifier: MIT
//
// Gates of the kernel's lead to us: arch/x86_64/machine/trap_takeover.h.
#include "arch/x86_64/machine/trap_takeover.h"
#include "core/base/noprobe.h"
#include "core/platform/armed_timers.h"
#include "core/platform/gathered_cpus.h"
#include "core/platform/taken_traps.h"
#include "core/platform/this_cpu.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"

namespace ebpf::hermit {
namespace {

/// By what Hermit has its local APIC's timer interrupt, and by what other CPUs
/// do, which rust/ebpf/x86_64.rs knows; and stacks that it leaves free.
constexpr x86_64::GatesToTake kGates = {
    .timer = 123, .asked = 122, .fault_stack = 6, .interrupt_stack = 7};

}  // namespace

bool InstallTraps() {
  x86_64::GatesToTake gates = kGates;
  if (gathered_cpu_count == 1) {
    gates.asked = 0;
  } else {
    // The selector of the task state segment is the same on all.
    ebpf_port_this_cpu.facts = 0;
  }
  return x86_64::TakeGates(gates);
}

constinit const bool kManyCpus = true;

bool PrepareCpu() { return x86_64::PrepareCpuForGates(kGates); }

// The kernel's table of gates is the same on all.
void EnterCpu() {}

}  // namespace ebpf::hermit

extern "C" {

// On x86-64 the kernel may switch tasks at each.
bool ebpf_taken_tick(const void* regs) {
  ebpf::TickArmedTimers(regs);
  return true;
}

EBPF_NOPROBE void ebpf_taken_ask(const void* regs, uintptr_t pc) {
  ebpf::StandStill(pc);
  ebpf::TickArmedTimers(regs);
  ebpf_hermit_end_interrupt();
}

}  // extern "C"
