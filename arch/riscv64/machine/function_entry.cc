// SPDX-License-Identifier: MIT
//
// core/machine/function_entry.h on RISC-V.
#include "core/machine/function_entry.h"

#include "arch/riscv64/pt_regs.h"
#include "arch/riscv64/stack_frames.h"

namespace ebpf::machine {

size_t EntryMarkerSize(uint64_t /*function*/) { return 0; }

void ReturnAtOnce(PtRegs& regs, uint64_t value) {
  riscv64::ReturnAtOnce(riscv64::RegsOf(regs), value);
}

void SetReturnValue(PtRegs& regs, uint64_t value) {
  riscv64::Reg(riscv64::RegsOf(regs), riscv64::kA0) = value;
}

void DescribeCaller(PtRegs& regs, uint64_t pc, uint64_t frame) {
  riscv64::PtRegs& registers = riscv64::RegsOf(regs);
  registers.epc = pc;
  registers.x[8 - 1] = frame;
}

constinit const FrameLayout kStackFrames = riscv64::kFrameLayout;
constinit const uint64_t kPcOffset = offsetof(riscv64::PtRegs, epc);
constinit const uint64_t kPcBehindProbe = 0;

}  // namespace ebpf::machine
