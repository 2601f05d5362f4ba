// SPDX-License-Identifier: MIT
//
// AArch64: the kernel tells by the auxiliary vector.
#include <asm/hwcap.h>
#include <sys/auxv.h>

#include "arch/aarch64/machine_ops.h"
#include "arch/aarch64/macro_assembler.h"
#include "testing/host_port/host_machine.h"

namespace ebpf {

const machine::MachineOps& ThisMachine() { return aarch64::kMachineOps; }

uint64_t ThisCpuFeatures() {
  return (getauxval(AT_HWCAP) & HWCAP_ATOMICS) != 0 ? aarch64::kFeatureLse : 0;
}

}  // namespace ebpf
