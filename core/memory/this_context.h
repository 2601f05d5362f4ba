// SPDX-License-Identifier: MIT
//
// What kind of code runs, as records of events tell it: by what the port said
// in core/platform/this_cpu.h.
#pragma once

#include <stdint.h>

#include "core/base/types.h"
#include "core/memory/this_cpu.h"
#include "core/platform/this_cpu.h"
#include "machine/interrupts.h"

namespace ebpf {

/// Linux's `common_flags` (its Documentation/trace/ftrace.rst, "Latency trace
/// format", has their letters), as far as ports tell.
enum ContextFlag : uint8_t {
  kInterruptsOff = 0x01,
  kNeedsResched = 0x04,
  kInInterrupt = 0x08,
};

/// Linux's `common_flags` and `common_preempt_count`, as one number: it is made
/// for each record, and where a port says nothing it is 0 at once.
struct Context {
  uint8_t flags() const { return static_cast<uint8_t>(word); }
  uint8_t preempt_depth() const { return static_cast<uint8_t>(word >> 8); }

  uint32_t word;  // the depth, at most 15, is in the second byte
};

/// Of what has called its caller, who has switched preemption off `held` times,
/// on `cpu`, this one. Context: any, preemption off.
Context DescribeContext(uint32_t cpu, uint32_t held);

/// More than that has no room in the depth's field of four bits.
inline constexpr uint32_t kMaxPreemptDepth = 15;

/// What ports say whose preemption is counted where the usual ones' is.
inline constexpr uint32_t kUsualContextFacts =
    EBPF_CONTEXT_INTERRUPT_MASK |
    ((kUsualFacts & EBPF_THIS_CPU_NO_PREEMPTION) != 0
         ? 0
         : EBPF_CONTEXT_PREEMPT_DEPTH);

/// The same, without a call where the port says what ports usually say, or
/// nothing. Context: any, preemption off.
[[gnu::always_inline]] inline Context ThisContext(uint32_t cpu, uint32_t held) {
  const uint32_t facts = ebpf_port_context.facts;
  // In one branch, of two numbers.
  const uint32_t is_long =
      (facts ^ kUsualContextFacts) | (ebpf_port_this_cpu.facts ^ kUsualFacts);
  if (__builtin_expect(is_long != 0, 0)) {
    return facts == 0 ? Context{0} : DescribeContext(cpu, held);
  }
  uint32_t word = machine::InterruptsMasked() ? kInterruptsOff : 0;
  if constexpr ((kUsualContextFacts & EBPF_CONTEXT_PREEMPT_DEPTH) != 0) {
    const uint32_t depth = UsualPreemptCounter().Load(kRelaxed);
    word |= Min(depth - Min(depth, held), kMaxPreemptDepth) << 8;
  }
  return {word};
}

/// Whether this port says what the usual ones do: UsualFacts is true of it
/// then, and so is what follows. Context: any.
inline bool IsUsualPort() {
  return ebpf_port_this_cpu.facts == kUsualFacts &&
         ebpf_port_context.facts == kUsualContextFacts;
}

/// As ThisContext, of who has made `stay`, on `cpu`: of what that knows
/// already. Precondition: IsUsualPort(), if `stay` says that it is one.
/// Context: any.
template <typename Facts>
[[gnu::always_inline]] inline Context ContextOf(
    const BasicStayOnCpu<Facts>& stay, uint32_t cpu) {
  if constexpr (kIsSame<Facts, UsualFacts>) {
    const uint32_t flags = machine::InterruptsMasked() ? kInterruptsOff : 0;
    return {flags | Min(stay.depth_before(), kMaxPreemptDepth) << 8};
  } else {
    return ThisContext(cpu, 1);
  }
}

/// This CPU, and the context of what is told of there.
struct CpuContext {
  uint32_t cpu;
  Context context;
};

}  // namespace ebpf
