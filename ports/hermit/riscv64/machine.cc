// SPDX-License-Identifier: MIT
//
// Which table of arch/ the port hands to core; the clock; the walk over stacks,
// by the frames that kernel and application keep if they are built with frame
// pointers.
#include "ports/hermit/machine.h"

#include "arch/riscv64/machine/cpu_features.h"
#include "arch/riscv64/machine/system_registers.h"
#include "arch/riscv64/machine_ops.h"
#include "arch/riscv64/stack_frames.h"
#include "core/capi/ebpf_trace.h"
#include "core/platform/frame_walk.h"
#include "core/platform/stack.h"

namespace ebpf::hermit {

uint64_t MachineFeatures() { return riscv64::CpuFeatures(); }

const int kSyscallNumbers = EBPF_SYSCALLS_GENERIC;

const machine::MachineOps& Machine() { return riscv64::kMachineOps; }

uint64_t ReadTicks() { return riscv64::ReadTime(); }

// Each task of Hermit 0.11's begins with interrupts masked, and finds them so
// after each call that switches tasks.
void LetInterruptsIn() { asm volatile("csrsi sstatus, 2" : : : "memory"); }

}  // namespace ebpf::hermit

// ebpf_port_this_cpu keeps its default: tp is a task's, and what tells CPUs
// apart here is gp.

extern "C" size_t ebpf_port_stack_walk(const void* regs, bool user,
                                       uint64_t* addresses, size_t capacity) {
  using namespace ebpf::riscv64;
  return ebpf::WalkKernelStack<PtRegs>(kFrameLayout, regs, user, addresses,
                                       capacity);
}
