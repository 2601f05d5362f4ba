// SPDX-License-Identifier: MIT
#include "arch/riscv64/machine/kernel_fault.h"

#include "arch/riscv64/machine/cpu_features.h"
#include "arch/riscv64/machine/nofault.h"
#include "arch/riscv64/pt_regs.h"
#include "core/base/noprobe.h"

// As core/capi/ebpf.h, which is above arch, declares them for kernels.
extern "C" {
bool ebpf_on_fault(ebpf::machine::PtRegs* regs);
bool ebpf_fix_fault(ebpf::machine::PtRegs* regs);
}

namespace ebpf::riscv64 {

EBPF_NOPROBE bool OnKernelFault(machine::PtRegs& regs) {
  // Whether the failed instruction was a probed one or not: what is asked next
  // is where it stands.
  (void)ebpf_on_fault(&regs);
  uint64_t& pc = RegsOf(regs).epc;
  return NofaultFixup(pc) || FeatureFixup(pc) || ebpf_fix_fault(&regs);
}

}  // namespace ebpf::riscv64
