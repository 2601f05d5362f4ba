// SPDX-License-Identifier: MIT
//
// For ports whose kernels count who keeps preemption off in what the lowest
// word of each kernel stack points to: EBPF_THIS_CPU_COUNTER_BY_STACK.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf {

/// Tells core (ebpf_port_this_cpu, ebpf_port_context) of the counter `offset`
/// bytes behind where that word points to, stacks being `stack_size` bytes at
/// multiples of that, if `disable` and `enable` count there, up and down by
/// one. Else, or if `offset` is 0, core goes on to call functions. Context:
/// task, on such a stack, before ebpf_init.
void FindStackCounter(size_t offset, uint64_t stack_size, void (*disable)(),
                      void (*enable)());

}  // namespace ebpf
