// SPDX-License-Identifier: MIT
//
// What kind of code runs, as records of events tell it: by what the port said
// in core/platform/this_cpu.h.
#pragma once

#include <stdint.h>

#include "core/platform/this_cpu.h"

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

/// The same, without a call where the port says nothing. Context: any,
/// preemption off.
[[gnu::always_inline]] inline Context ThisContext(uint32_t cpu, uint32_t held) {
  return __builtin_expect(ebpf_port_context.facts == 0, 1)
             ? Context{0}
             : DescribeContext(cpu, held);
}

}  // namespace ebpf
