// SPDX-License-Identifier: MIT
//
// Where compilers keep the chain of frames, with -fno-omit-frame-pointer.
// s0 points behind the frame's two words: the caller's s0, then the return
// address. [riscv/psabi: frame pointer convention]
#pragma once

#include "arch/riscv64/pt_regs.h"
#include "core/machine/frame_layout.h"

namespace ebpf::riscv64 {

inline constexpr machine::FrameLayout kFrameLayout = {-16, -8};

/// Where an interrupted context executes, and its innermost frame.
inline uint64_t ProgramCounter(const PtRegs& regs) { return regs.epc; }
inline uint64_t FramePointer(const PtRegs& regs) { return regs.x[8 - 1]; }

}  // namespace ebpf::riscv64
