// SPDX-License-Identifier: MIT
//
// Reads the identification registers.
#include "arch/aarch64/machine/cpu_features.h"

#include "arch/aarch64/macro_assembler.h"

namespace ebpf::aarch64 {

uint64_t CpuFeatures() {
  uint64_t isar0;
  asm("mrs %0, id_aa64isar0_el1" : "=r"(isar0));
  // Atomic: 0b0010 and above. [arm/arm: ID_AA64ISAR0_EL1]
  return (isar0 >> 20 & 15) >= 2 ? kFeatureLse : 0;
}

}  // namespace ebpf::aarch64
