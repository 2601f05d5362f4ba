// SPDX-License-Identifier: MIT
//
// What a port's hook in its kernel's handler of exceptions does.
#pragma once

#include "core/machine/pt_regs.h"

namespace ebpf::riscv64 {

/// For each exception of kernel code but breakpoints: whether it is one that
/// somebody of ours expects (a copy that may fail, an extension that is tried,
/// a program's load), and `regs` leads on. If not, `regs` is where the
/// instruction that failed really stands, not its slot, for the kernel to see.
/// Takes no probe. Context: trap.
bool OnKernelFault(machine::PtRegs& regs);

}  // namespace ebpf::riscv64
