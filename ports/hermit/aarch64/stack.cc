// SPDX-License-Identifier: MIT
//
// core/platform/stack.h's walk, by the frames that kernel and application keep
// if they are built with frame pointers.
#include "core/platform/stack.h"

#include "arch/aarch64/stack_frames.h"
#include "core/platform/frame_walk.h"

extern "C" size_t ebpf_port_stack_walk(const void* regs, bool user,
                                       uint64_t* addresses, size_t capacity) {
  using namespace ebpf::aarch64;
  return ebpf::WalkKernelStack<PtRegs>(kFrameLayout, regs, user, addresses,
                                       capacity);
}
