// SPDX-License-Identifier: MIT
//
// What is the CPU's and little.
#include "ports/hermit/machine.h"

#include "arch/aarch64/pt_regs.h"
#include "core/capi/ebpf_trace.h"
#include "core/platform/this_cpu.h"
#include "ports/hermit/aarch64/trap_frame.h"

namespace ebpf::hermit {

// What vectors.S saves is handed over as it stands.
static_assert(offsetof(TrapFrame, sp) == offsetof(aarch64::PtRegs, sp));
static_assert(offsetof(TrapFrame, pc) == offsetof(aarch64::PtRegs, pc));
static_assert(offsetof(TrapFrame, pstate) == offsetof(aarch64::PtRegs, pstate));
static_assert(offsetof(TrapFrame, syndrome) == sizeof(aarch64::PtRegs));

const int kSyscallNumbers = EBPF_SYSCALLS_GENERIC;

// Hermit 0.11 starts no other CPU here.
constinit const bool kManyCpus = false;

bool PrepareCpu() { return true; }

void EnterCpu() {}

void SyncInsnsElsewhere() {}

// The worker has them as soon as it sleeps.
void LetInterruptsIn() {}

}  // namespace ebpf::hermit

// tpidr_el1 is Hermit's pointer to its CoreLocal. Preemption is held off by
// masking interrupts, as there is no counter: ../cpu.cc.
constinit ebpf_this_cpu ebpf_port_this_cpu = {
    .facts = EBPF_THIS_CPU_REGISTER, .counter_offset = 0, .stack_size = 0};
