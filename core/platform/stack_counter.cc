// SPDX-License-Identifier: MIT
//
// core/platform/stack_counter.h's implementation.
#include "core/platform/stack_counter.h"

#include "core/base/bits.h"
#include "core/platform/cpu.h"
#include "core/platform/this_cpu.h"

namespace ebpf {
namespace {

/// What the lowest word of this stack points to, 0 if nothing.
uintptr_t LowestWord(uint64_t stack_size) {
  const auto inside = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  return *reinterpret_cast<const uintptr_t*>(inside & ~(stack_size - 1));
}

bool CanHaveWord(uint64_t stack_size) {
  return stack_size >= sizeof(uintptr_t) && IsPowerOfTwo(stack_size);
}

bool Counts(uintptr_t base, size_t offset, void (*disable)(),
            void (*enable)()) {
  if (base == 0) {
    return false;
  }
  const auto* const counter =
      reinterpret_cast<const volatile uint32_t*>(base + offset);
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
      !CanHaveWord(stack_size) ||
      !Counts(LowestWord(stack_size), offset, disable, enable)) {
    return;
  }
  ebpf_port_this_cpu.counter_offset = static_cast<uint32_t>(offset);
  ebpf_port_this_cpu.stack_size = stack_size;
  ebpf_port_this_cpu.facts |= EBPF_THIS_CPU_COUNTER_BY_STACK;
  ebpf_port_context.facts |= EBPF_CONTEXT_PREEMPT_DEPTH;
}

}  // namespace ebpf
