// SPDX-License-Identifier: MIT
//
// Where compilers keep the chain of frames, with -fno-omit-frame-pointer.
// "push rbp; mov rbp, rsp" at a function's start: the caller's frame pointer is
// at rbp, the return address behind it. [System V ABI, AMD64 supplement: 3.2.2]
#pragma once

#include "arch/x86_64/pt_regs.h"
#include "core/machine/frame_layout.h"

namespace ebpf::x86_64 {

inline constexpr machine::FrameLayout kFrameLayout = {0, 8};

/// Where an interrupted context executes, and its innermost frame.
inline uint64_t ProgramCounter(const PtRegs& regs) { return regs.rip; }
inline uint64_t FramePointer(const PtRegs& regs) { return regs.rbp; }

}  // namespace ebpf::x86_64
