// SPDX-License-Identifier: MIT
//
// The clock, and what else is the CPU's.
#include "ports/hermit/machine.h"

#include "core/capi/ebpf_trace.h"
#include "core/platform/this_cpu.h"

namespace ebpf::hermit {

const int kSyscallNumbers = EBPF_SYSCALLS_X86_64;

uint64_t ReadTicks() {
  uint32_t low;
  uint32_t high;
  asm volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
  return uint64_t{high} << 32 | low;
}

// The caches do it.
void SyncInsnsElsewhere() {}

// A task of Hermit's begins so.
void LetInterruptsIn() {}

}  // namespace ebpf::hermit

// The selector of the one task state segment, unless there are several CPUs:
// trap.cc. Preemption is held off by masking interrupts, as there is no
// counter.
constinit ebpf_this_cpu ebpf_port_this_cpu = {
    .facts = EBPF_THIS_CPU_REGISTER, .counter_offset = 0, .stack_size = 0};
