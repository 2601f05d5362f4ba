// SPDX-License-Identifier: MIT
//
// What an instruction set says of its breakpoint instruction.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/types.h"

namespace ebpf::machine {

/// arch/<isa>/breakpoint.h has one type that satisfies this, and asserts it.
///
/// The type holds no state and touches no memory; core/probes does the writing,
/// through core/platform/text.h. So its tests run on any host.
template <typename B>
concept BreakpointFor =
    requires(ConstBytes insn, uint64_t trap_pc, const uint8_t* at) {
      // The bytes to write over `insn`, never more than it has.
      { B::Opcode(insn) } -> SameAs<ConstBytes>;
      // Where the breakpoint stands, from the pc in the trap frame.
      { B::AddressOf(trap_pc) } -> SameAs<uint64_t>;
      // Whether the text at `at` begins with a breakpoint.
      { B::IsAt(at) } -> SameAs<bool>;
    };

}  // namespace ebpf::machine
