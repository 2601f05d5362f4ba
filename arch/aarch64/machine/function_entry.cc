// SPDX-License-Identifier: MIT
//
// core/machine/function_entry.h on AArch64.
#include "core/machine/function_entry.h"

#include "arch/aarch64/pt_regs.h"
#include "arch/aarch64/stack_frames.h"

namespace ebpf::machine {

size_t EntryMarkerSize(uint64_t /*function*/) { return 0; }

void ReturnAtOnce(PtRegs& regs, uint64_t value) {
  aarch64::ReturnAtOnce(aarch64::RegsOf(regs), value);
}

void SetReturnValue(PtRegs& regs, uint64_t value) {
  aarch64::RegsOf(regs).x[0] = value;
}

void DescribeCaller(PtRegs& regs, uint64_t pc, uint64_t frame) {
  aarch64::PtRegs& registers = aarch64::RegsOf(regs);
  registers.pc = pc;
  registers.x[29] = frame;
}

constinit const FrameLayout kStackFrames = aarch64::kFrameLayout;
constinit const uint64_t kPcOffset = offsetof(aarch64::PtRegs, pc);
constinit const uint64_t kPcBehindProbe = 0;

}  // namespace ebpf::machine
