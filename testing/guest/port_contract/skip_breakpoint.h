// SPDX-License-Identifier: MIT
//
// The way past a breakpoint instruction, per CPU.
#pragma once

struct ebpf_pt_regs;

namespace guest {

/// Moves the pc of a trap that machine::Breakpoint() made behind it.
void SkipBreakpoint(ebpf_pt_regs* regs);

}  // namespace guest
