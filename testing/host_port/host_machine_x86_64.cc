// SPDX-License-Identifier: MIT
//
// x86-64: the compiler's library asks CPUID.
#include "arch/x86_64/machine_ops.h"
#include "arch/x86_64/macro_assembler.h"
#include "testing/host_port/host_machine.h"

namespace ebpf {

const machine::MachineOps& ThisMachine() { return x86_64::kMachineOps; }

uint64_t ThisCpuFeatures() {
  return (__builtin_cpu_supports("bmi2") ? x86_64::kFeatureBmi2 : 0) |
         (__builtin_cpu_supports("movbe") ? x86_64::kFeatureMovbe : 0);
}

}  // namespace ebpf
