// SPDX-License-Identifier: MIT
//
// The registers of an interrupted context. Core never looks inside.
#pragma once

namespace ebpf::machine {

/// Linux's `struct pt_regs` of this CPU: what a kprobe program's context points
/// to. Each arch/<isa>/pt_regs.h defines its layout from the documented ABI
/// (uapi asm/ptrace.h, and for x86-64 the kernel's order that BPF programs
/// see); a port converts its trap frame to it and all of it back.
struct PtRegs;

}  // namespace ebpf::machine
