// SPDX-License-Identifier: MIT
//
// testing/guest/probes/environment.h for x86-64, but for the port.
#include "arch/x86_64/machine_ops.h"
#include "arch/x86_64/pt_regs.h"
#include "testing/guest/probes/environment.h"

namespace guest::probes {
namespace {

using ebpf::machine::PtRegs;
using ebpf::x86_64::RegsOf;

}  // namespace

constinit const char kTryLoadSymbol[] = "x86_try_load";

const ebpf::machine::MachineOps& Machine() { return ebpf::x86_64::kMachineOps; }

uint64_t Argument(const PtRegs& regs, unsigned index) {
  return index == 0 ? RegsOf(regs).rdi : RegsOf(regs).rsi;
}

void SetArgument(PtRegs& regs, unsigned index, uint64_t value) {
  (index == 0 ? RegsOf(regs).rdi : RegsOf(regs).rsi) = value;
}

uint64_t ReturnValue(const PtRegs& regs) { return RegsOf(regs).rax; }

void ReturnAtOnce(PtRegs& regs, uint64_t value) {
  RegsOf(regs).rax = value;
  RegsOf(regs).rip = *reinterpret_cast<const uint64_t*>(RegsOf(regs).rsp);
  RegsOf(regs).rsp += sizeof(uint64_t);
}

uint64_t Pc(const PtRegs& regs) { return RegsOf(regs).rip; }

}  // namespace guest::probes
