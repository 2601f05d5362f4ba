// SPDX-License-Identifier: MIT
//
// testing/guest/probes/environment.h for RISC-V, but for the port.
#include "arch/riscv64/machine_ops.h"
#include "arch/riscv64/pt_regs.h"
#include "testing/guest/probes/environment.h"

namespace guest::probes {
namespace {

using ebpf::machine::PtRegs;
using ebpf::riscv64::Reg;
using ebpf::riscv64::RegsOf;

constexpr unsigned kA0 = 10;

}  // namespace

constinit const char kTryLoadSymbol[] = "Riscv64TryLoad8";

const ebpf::machine::MachineOps& Machine() {
  return ebpf::riscv64::kMachineOps;
}

uint64_t Argument(const PtRegs& regs, unsigned index) {
  return RegsOf(regs).x[kA0 + index - 1];
}

void SetArgument(PtRegs& regs, unsigned index, uint64_t value) {
  Reg(RegsOf(regs), kA0 + index) = value;
}

uint64_t ReturnValue(const PtRegs& regs) { return RegsOf(regs).x[kA0 + 0 - 1]; }

void ReturnAtOnce(PtRegs& regs, uint64_t value) {
  Reg(RegsOf(regs), kA0) = value;
  RegsOf(regs).epc = Reg(RegsOf(regs), ebpf::riscv64::kRa);
}

uint64_t Pc(const PtRegs& regs) { return RegsOf(regs).epc; }

}  // namespace guest::probes
