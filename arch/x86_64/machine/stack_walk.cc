// SPDX-License-Identifier: MIT
//
// core/platform/stack.h's walk, whole, for ports whose kernels know nothing of
// their processes' stacks: by the frames that kernel code keeps if it is built
// with frame pointers.
#include "arch/x86_64/stack_frames.h"
#include "core/platform/frame_walk.h"
#include "core/platform/stack.h"

extern "C" size_t ebpf_port_stack_walk(const void* regs, bool user,
                                       uint64_t* addresses, size_t capacity) {
  using namespace ebpf::x86_64;
  return ebpf::WalkKernelStack<PtRegs>(kFrameLayout, regs, user, addresses,
                                       capacity);
}
