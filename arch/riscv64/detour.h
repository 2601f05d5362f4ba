// SPDX-License-Identifier: MIT
//
// Jumps in place of breakpoints, on RISC-V.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arch/riscv64/insn_effect.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/machine/probe_plan.h"

namespace ebpf::riscv64 {

/// There are two forms. Context of all: any.
///
/// Near: the slot is within the 1 MiB that jal reaches, both ways. It needs no
/// register, and covers one instruction of 4 bytes, or two, the first of 2. The
/// slot makes room for pt_regs and keeps ra there; `entry` is called, which
/// knows by ra where it comes from (machine/detour.S); then interrupts are as
/// they were, the copies run, and a jal leads back.
///
/// Far: auipc and jalr cover the instructions in exactly 8 bytes, for more of
/// which a slot has no room, by a register that is dead before them, which also
/// is the call's link; back they lead by one that is dead behind them.
/// liveness.h says what is taken for dead. (Not for kernels whose indirect
/// jumps must end at landing pads, Zicfilp.)
///
/// What is covered is copied as it is: auipc is not. What cannot be seen here
/// is core/probes' to make sure of: its DESIGN.md. A part of the function that
/// lies elsewhere and jumps into what is covered is seen by nobody: no compiler
/// that is known here makes one.
struct Detour {
  /// From the address that Make gets as `entry`: what a far slot calls, for
  /// each register that may be the link, and what a near one does.
  static constexpr unsigned kFarEntrySize = 64;
  static constexpr unsigned kNearEntry = 15 * kFarEntrySize;
  /// What a far one's call takes of the stack: pt_regs, and its link.
  static constexpr unsigned kFarFrame = 304;
  /// Less than what auipc and jalr reach, by more than a slot's size.
  static constexpr uint64_t kFarReach = (uint64_t{1} << 31) - 4096;

  /// Whether the instruction of a plan may be the first that a jump covers.
  static bool IsPossible(const machine::ProbePlan &plan);

  /// What a jump covers at `function` + `offset`. `code` is all of the
  /// function, without breakpoints. kInvalid: there cannot be one, for
  /// something jumps into it, or an instruction cannot run elsewhere, or may
  /// fault and is not the first, or no register is dead; kBadSequence.
  static Result<machine::DetourWindow> FindNear(ConstBytes code,
                                                uint64_t function,
                                                size_t offset);
  static Result<machine::DetourWindow> FindFar(ConstBytes code,
                                               uint64_t function,
                                               size_t offset);

  /// Makes `plan` kDetour; false, and it is unchanged, where something is out
  /// of the form's reach.
  static bool Make(machine::ProbePlan &plan,
                   const machine::DetourWindow &window, uint64_t slot,
                   uint64_t entry);
};

}  // namespace ebpf::riscv64
