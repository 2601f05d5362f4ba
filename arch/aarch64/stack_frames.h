// SPDX-License-Identifier: MIT
//
// Where compilers keep the chain of frames, with -fno-omit-frame-pointer.
// A frame record at x29: the caller's x29, then the return address.
// [arm/aapcs64: 6.4.6]
#pragma once

#include "arch/aarch64/pt_regs.h"
#include "core/machine/frame_layout.h"

namespace ebpf::aarch64 {

inline constexpr machine::FrameLayout kFrameLayout = {0, 8};

/// Where an interrupted context executes, and its innermost frame.
inline uint64_t ProgramCounter(const PtRegs& regs) { return regs.pc; }
inline uint64_t FramePointer(const PtRegs& regs) { return regs.x[29]; }

}  // namespace ebpf::aarch64
