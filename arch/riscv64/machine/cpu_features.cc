// SPDX-License-Identifier: MIT
#include "arch/riscv64/machine/cpu_features.h"

#include "arch/riscv64/macro_assembler.h"

namespace ebpf::riscv64 {

uint64_t CpuFeatures() {
  return (ebpf_try_zba() ? kFeatureZba : 0) |
         (ebpf_try_zbb() ? kFeatureZbb : 0);
}

}  // namespace ebpf::riscv64
