// SPDX-License-Identifier: MIT
//
// core/machine/function_entry.h on AArch64.
#include "core/machine/function_entry.h"

#include "arch/aarch64/pt_regs.h"

namespace ebpf::machine {

size_t EntryMarkerSize(uint64_t /*function*/) { return 0; }

void ReturnAtOnce(PtRegs& regs, uint64_t value) {
  aarch64::ReturnAtOnce(aarch64::RegsOf(regs), value);
}

void SetReturnValue(PtRegs& regs, uint64_t value) {
  aarch64::RegsOf(regs).x[0] = value;
}

constinit const uint64_t kPcOffset = offsetof(aarch64::PtRegs, pc);
constinit const uint64_t kPcBehindProbe = 0;

}  // namespace ebpf::machine
