// SPDX-License-Identifier: MIT
//
// core/platform/stack.h: chains of frame pointers, read as memory that may not
// be there, so a function without a frame ends them at worst.
#include "testing/host_port/host_stack.h"

#include <pthread.h>

#include "arch/x86_64/stack_frames.h"
#include "core/base/assert.h"
#include "core/platform/frame_walk.h"
#include "core/platform/stack.h"

namespace ebpf {
namespace {

struct Bounds {
  uintptr_t begin;
  uintptr_t end;
};
constinit thread_local Bounds t_stack = {};

}  // namespace

HostStack::HostStack() {
  pthread_attr_t attr;
  void* begin;
  size_t size;
  if (pthread_getattr_np(pthread_self(), &attr) != 0 ||
      pthread_attr_getstack(&attr, &begin, &size) != 0) {
    Panic("HostStack: where is it?");
  }
  pthread_attr_destroy(&attr);
  t_stack = {reinterpret_cast<uintptr_t>(begin),
             reinterpret_cast<uintptr_t>(begin) + size};
}

HostStack::HostStack(uintptr_t begin, uintptr_t end) { t_stack = {begin, end}; }

HostStack::~HostStack() { t_stack = {}; }

}  // namespace ebpf

bool ebpf_port_stack_bounds(uintptr_t sp, uintptr_t* begin, uintptr_t* end) {
  *begin = ebpf::t_stack.begin;
  *end = ebpf::t_stack.end;
  return sp >= *begin && sp < *end;
}

size_t ebpf_port_stack_walk(const void* regs, bool user, uint64_t* addresses,
                            size_t capacity) {
  using namespace ebpf::x86_64;
  return ebpf::WalkKernelStack<PtRegs>(kFrameLayout, regs, user, addresses,
                                       capacity);
}
