// SPDX-License-Identifier: MIT
//
// Branches in place of breakpoints, on AArch64.
#pragma once

#include <stdint.h>

#include "core/machine/probe_plan.h"

namespace ebpf::aarch64 {

/// A branch is as long as each instruction: it covers one, so nothing can jump
/// into the middle of what it stands on, and nobody can be inside of it.
///
/// The slot: x30 goes to the stack, and with it room for what pt_regs has after
/// x30; `entry` (machine/detour.S) is called, which knows by x30 where it comes
/// from, and returns with interrupts masked and pt_regs' end still there; then
/// interrupts are as they were, x30 is restored, the copy runs, and a branch
/// leads back. So an interrupt that came due meanwhile comes in this slot, and
/// not in text from which one may return into any.
struct Detour {
  /// Whether the instruction of a plan can run in a slot, and be reached by a
  /// branch: not one that depends on where it is, and not one of the group that
  /// system instructions are in, bti among them.
  static bool IsPossible(const machine::ProbePlan& plan);

  static bool Make(machine::ProbePlan& plan,
                   const machine::DetourWindow& window, uint64_t slot,
                   uint64_t entry);
};

}  // namespace ebpf::aarch64
