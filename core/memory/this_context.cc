// SPDX-License-Identifier: MIT
//
// core/memory/this_context.h's implementation.
#include "core/memory/this_context.h"

#include "core/base/types.h"
#include "machine/interrupts.h"
#include "machine/this_cpu.h"

namespace ebpf {
namespace {

uint32_t PreemptDepth() {
  uintptr_t base;
  if ((ebpf_port_this_cpu.facts & EBPF_THIS_CPU_COUNTER_BY_STACK) != 0) {
    const auto inside = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    base = *reinterpret_cast<const uintptr_t*>(
        inside & ~(ebpf_port_this_cpu.stack_size - 1));
  } else if ((ebpf_port_this_cpu.facts & EBPF_THIS_CPU_COUNTER_BY_REGISTER) !=
             0) {
    base = machine::ThisCpuRegister();
  } else {
    return 0;
  }
  return *reinterpret_cast<const volatile uint32_t*>(
      base + ebpf_port_this_cpu.counter_offset);
}

bool IsSet(const volatile uint32_t* of_first, uint32_t cpu) {
  const auto first = reinterpret_cast<uintptr_t>(of_first);
  return *reinterpret_cast<const volatile uint32_t*>(
             first + size_t{cpu} * ebpf_port_context.stride) != 0;
}

/// What is told by numbers of CPUs, besides `word`. Behind everything else, so
/// that nothing is kept for it.
[[gnu::noinline]] Context DescribeCpu(uint32_t word, uint32_t cpu) {
  const uint32_t facts = ebpf_port_context.facts;
  if ((facts & EBPF_CONTEXT_INTERRUPTS) != 0 &&
      IsSet(ebpf_port_context.interrupts, cpu)) {
    word |= kInInterrupt;
  }
  if ((facts & EBPF_CONTEXT_RESCHED) != 0 &&
      IsSet(ebpf_port_context.resched, cpu)) {
    word |= kNeedsResched;
  }
  return {word};
}

}  // namespace

Context DescribeContext(uint32_t cpu, uint32_t held) {
  const uint32_t facts = ebpf_port_context.facts;
  uint32_t word = 0;
  if ((facts & EBPF_CONTEXT_INTERRUPT_MASK) != 0) {
    word = machine::InterruptsMasked() ? kInterruptsOff : 0;
  }
  if ((facts & EBPF_CONTEXT_PREEMPT_DEPTH) != 0) {
    const uint32_t depth = PreemptDepth();
    word |= Min(depth - Min(depth, held), kMaxPreemptDepth) << 8;
  }
  constexpr uint32_t kOfCpus = EBPF_CONTEXT_INTERRUPTS | EBPF_CONTEXT_RESCHED;
  if (__builtin_expect((facts & kOfCpus) != 0, 0)) {
    return DescribeCpu(word, cpu);
  }
  return {word};
}

}  // namespace ebpf
