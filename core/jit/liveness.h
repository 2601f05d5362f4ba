// SPDX-License-Identifier: MIT
//
// Which registers are read later, and which of their upper halves; and what
// else is learnt on the way from a program's end to its beginning.
#pragma once

#include <stdint.h>

#include "core/isa/insn.h"
#include "core/isa/op.h"
#include "core/jit/analysis.h"
#include "core/jit/compilation.h"

namespace ebpf::jit {

/// Sets of registers, bit r for rN.
struct LiveRegs {
  uint16_t regs;
  uint16_t upper;

  static constexpr LiveRegs All() { return {0x7ff, 0x7ff}; }
  friend constexpr LiveRegs operator|(LiveRegs a, LiveRegs b) {
    return {static_cast<uint16_t>(a.regs | b.regs),
            static_cast<uint16_t>(a.upper | b.upper)};
  }
};

/// What is live before `insn`, from what is live after it (jumps taken
/// included). A call's target is not looked at.
LiveRegs LiveBefore(const isa::Insn& insn, isa::Op op, LiveRegs after);

/// Fills in live_after and live_upper_after of all states, where ops, targets
/// and functions are known, what functions do with registers, and, with
/// `bounds`, offsets as Analyze says.
///
/// Two passes backwards. At a jump back, and for a function that comes earlier,
/// the first one takes everything for live, the second one what the first one
/// found: a safe answer in a fixed number of passes, and the exact one for
/// loops that write what they use before they use it. One pass is enough, and
/// is all that is done, without `survey.loops`: no jump or call goes back.
void DescribeRegisters(Compilation& compilation, Survey& survey,
                       const CodeBounds* bounds);

}  // namespace ebpf::jit
