// SPDX-License-Identifier: MIT
//
// core/platform/stack.h, but for the walk, which arch/ has.
#include "testing/host_port/host_stack.h"

#include <pthread.h>

#include "core/base/assert.h"
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
