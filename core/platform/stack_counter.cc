// SPDX-License-Identifier: MIT
//
// core/platform/stack_counter.h's implementation.
#include "core/platform/stack_counter.h"

#include "core/platform/cpu.h"
#include "core/platform/this_cpu.h"

namespace ebpf {
namespace {

const volatile uint32_t* CounterAt(size_t offset, uint64_t stack_size) {
  const auto inside = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  return reinterpret_cast<const volatile uint32_t*>(
      *reinterpret_cast<const uintptr_t*>(inside & ~(stack_size - 1)) + offset);
}

bool Counts(const volatile uint32_t* counter, void (*disable)(),
            void (*enable)()) {
  // No interrupt counts meanwhile.
  const uintptr_t interrupts = ebpf_port_irq_save();
  const uint32_t before = *counter;
  disable();
  const uint32_t inside = *counter;
  enable();
  const uint32_t after = *counter;
  ebpf_port_irq_restore(interrupts);
  return inside == before + 1 && after == before;
}

}  // namespace

void FindStackCounter(size_t offset, uint64_t stack_size, void (*disable)(),
                      void (*enable)()) {
  if (offset == 0 || offset % alignof(uint32_t) != 0 || offset > UINT32_MAX ||
      !Counts(CounterAt(offset, stack_size), disable, enable)) {
    return;
  }
  ebpf_port_this_cpu.counter_offset = static_cast<uint32_t>(offset);
  ebpf_port_this_cpu.stack_size = static_cast<uint32_t>(stack_size);
  ebpf_port_this_cpu.facts |= EBPF_THIS_CPU_COUNTER_BY_STACK;
  ebpf_port_context.facts |= EBPF_CONTEXT_PREEMPT_DEPTH;
}

}  // namespace ebpf
