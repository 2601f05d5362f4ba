// SPDX-License-Identifier: MIT
//
// What was interrupted, as DragonOS's frame on RISC-V tells it: to the timers,
// the list of interruptions, and the walk over stacks.
#include "arch/riscv64/stack_frames.h"
#include "core/platform/frame_walk.h"
#include "core/platform/stack.h"
#include "ports/dragonos/interruptions.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/machine.h"
#include "ports/dragonos/riscv64/frame.h"
#include "ports/dragonos/timer.h"

namespace ebpf::dragonos {

bool IsKernels(const dragonos_trap_frame& frame) { return IsOfKernel(frame); }

uint64_t PcOf(const dragonos_trap_frame& frame) { return frame.epc; }

}  // namespace ebpf::dragonos

extern "C" {

void ebpf_dragonos_tick(const dragonos_trap_frame* frame) {
  using namespace ebpf::dragonos;
  if (IsOfKernel(*frame)) {
    // There is no interrupt of our own to look from.
    interruptions.Check(frame);
  }
  Tick(frame, !IsOfKernel(*frame));
}

size_t ebpf_port_stack_walk(const void* regs, bool user, uint64_t* addresses,
                            size_t capacity) {
  using namespace ebpf::riscv64;
  return ebpf::WalkKernelStack<PtRegs>(kFrameLayout, regs, user, addresses,
                                       capacity);
}

}  // extern "C"
