// SPDX-License-Identifier: MIT
//
// testing/guest/probes/environment.h for AArch64, but for the port.
#include "arch/aarch64/machine_ops.h"
#include "arch/aarch64/pt_regs.h"
#include "testing/guest/probes/environment.h"

namespace guest::probes {

using ebpf::aarch64::RegsOf;
using ebpf::machine::PtRegs;

constinit const char kTryLoadSymbol[] = "Aarch64TryLoad8";

const ebpf::machine::MachineOps& Machine() {
  return ebpf::aarch64::kMachineOps;
}

uint64_t Argument(const PtRegs& regs, unsigned index) {
  return RegsOf(regs).x[index];
}

void SetArgument(PtRegs& regs, unsigned index, uint64_t value) {
  RegsOf(regs).x[index] = value;
}

uint64_t ReturnValue(const PtRegs& regs) { return RegsOf(regs).x[0]; }

void ReturnAtOnce(PtRegs& regs, uint64_t value) {
  RegsOf(regs).x[0] = value;
  RegsOf(regs).pc = RegsOf(regs).x[30];
}

uint64_t Pc(const PtRegs& regs) { return RegsOf(regs).pc; }

}  // namespace guest::probes
