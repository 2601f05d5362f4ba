// SPDX-License-Identifier: MIT
//
// core/platform/this_cpu.h on DragonOS: its CPU's number follows from the task
// register, and its preemption counter is in the control block that the lowest
// word of each kernel stack points to.
#include "core/platform/this_cpu.h"

#include <stddef.h>

#include "machine/interrupts.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/services.h"

constinit ebpf_this_cpu ebpf_port_this_cpu = {
    .facts = EBPF_THIS_CPU_REGISTER, .counter_offset = 0, .stack_size = 0};

// Its preemption counter leaves interrupts as they are.
constinit ebpf_context ebpf_port_context = {
    .facts = EBPF_CONTEXT_INTERRUPT_MASK,
    .stride = 0,
    .interrupts = nullptr,
    .resched = nullptr};

namespace ebpf::dragonos {
namespace {

constexpr uint64_t kStackSize = 0x8000;

const volatile uint32_t* CounterAt(size_t offset) {
  const auto inside = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  return reinterpret_cast<const volatile uint32_t*>(
      *reinterpret_cast<const uintptr_t*>(inside & ~(kStackSize - 1)) + offset);
}

/// Whether the kernel's functions count there, up and down by one.
bool Counts(size_t offset) {
  const volatile uint32_t* const counter = CounterAt(offset);
  // No interrupt counts meanwhile.
  const uintptr_t interrupts = ebpf::machine::MaskInterrupts();
  const uint32_t before = *counter;
  dragonos_preempt_disable();
  const uint32_t inside = *counter;
  dragonos_preempt_enable();
  const uint32_t after = *counter;
  ebpf::machine::RestoreInterrupts(interrupts);
  return inside == before + 1 && after == before;
}

}  // namespace

void FindPreemptionCounter() {
  const size_t offset = dragonos_preempt_counter();
  if (offset == 0 || offset % alignof(uint32_t) != 0 || offset > UINT32_MAX ||
      !Counts(offset)) {
    return;
  }
  ebpf_port_this_cpu.counter_offset = static_cast<uint32_t>(offset);
  ebpf_port_this_cpu.stack_size = kStackSize;
  ebpf_port_this_cpu.facts |= EBPF_THIS_CPU_COUNTER_BY_STACK;
  ebpf_port_context.facts |= EBPF_CONTEXT_PREEMPT_DEPTH;
}

}  // namespace ebpf::dragonos
