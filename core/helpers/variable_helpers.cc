// SPDX-License-Identifier: MIT
//
// Helpers that find a CPU's own of the kernel's per-CPU variables.
#include "core/helpers/functions.h"
#include "core/platform/cpu.h"
#include "core/platform/variables.h"

namespace ebpf::helpers {

/// void *bpf_per_cpu_ptr(percpu_ptr, cpu): null where there is no such CPU.
uint64_t PerCpuPtr(uint64_t variable, uint64_t cpu, uint64_t, uint64_t,
                   uint64_t) {
  const auto number = static_cast<uint32_t>(cpu);
  return number < ebpf_port_cpu_count()
             ? ebpf_port_per_cpu_address(variable, number)
             : 0;
}

/// void *bpf_this_cpu_ptr(percpu_ptr). Preemption is off.
uint64_t ThisCpuPtr(uint64_t variable, uint64_t, uint64_t, uint64_t, uint64_t) {
  return ebpf_port_per_cpu_address(variable, ebpf_port_cpu_id());
}

}  // namespace ebpf::helpers
