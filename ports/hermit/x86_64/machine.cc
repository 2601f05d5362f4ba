// SPDX-License-Identifier: MIT
//
// Which table of arch/ the port hands to core; the clock; the walk over stacks,
// by the frames that kernel and application keep if they are built with frame
// pointers.
#include "ports/hermit/machine.h"

#include "arch/x86_64/machine/cpu_features.h"
#include "arch/x86_64/machine_ops.h"
#include "arch/x86_64/stack_frames.h"
#include "core/capi/ebpf_trace.h"
#include "core/platform/frame_walk.h"
#include "core/platform/stack.h"
#include "core/platform/this_cpu.h"

namespace ebpf::hermit {

uint64_t MachineFeatures() { return x86_64::CpuFeatures(); }

const int kSyscallNumbers = EBPF_SYSCALLS_X86_64;

const machine::MachineOps& Machine() { return x86_64::kMachineOps; }

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
// trap.cc. Preemption is held off by masking
// interrupts, as there is no counter: ../cpu.cc.
constinit ebpf_this_cpu ebpf_port_this_cpu = {
    .facts = EBPF_THIS_CPU_REGISTER, .counter_offset = 0, .stack_size = 0};

extern "C" size_t ebpf_port_stack_walk(const void* regs, bool user,
                                       uint64_t* addresses, size_t capacity) {
  using namespace ebpf::x86_64;
  return ebpf::WalkKernelStack<PtRegs>(kFrameLayout, regs, user, addresses,
                                       capacity);
}
