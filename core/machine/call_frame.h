// SPDX-License-Identifier: MIT
//
// What core/probes asks of an instruction set in order to follow a call to its
// return.
#pragma once

#include <stdint.h>

#include "core/base/types.h"
#include "core/machine/pt_regs.h"

namespace ebpf::machine {

/// arch/<isa>/call_frame.h has one type that satisfies this, and asserts it.
/// Context of all: any, in ebpf_noprobe. The first three are for registers at
/// a function's first instruction, the others for those right behind a call
/// that returned.
///
///   Sp                sp, as at any place.
///   ReturnAddress     where the function will return to.
///   SetReturnAddress  makes it return to another place.
///   SpAtEntry         what Sp was at the entry of the call that returned.
///   SetReturned       makes pc, and the link register where there is one,
///                     what they are after a return to `address`.
template <typename F>
concept CallFrameFor =
    requires(PtRegs& regs, const PtRegs& old_regs, uint64_t address) {
      { F::Sp(old_regs) } -> SameAs<uint64_t>;
      { F::ReturnAddress(old_regs) } -> SameAs<uint64_t>;
      { F::SetReturnAddress(regs, address) } -> SameAs<void>;
      { F::SpAtEntry(old_regs) } -> SameAs<uint64_t>;
      { F::SetReturned(regs, address) } -> SameAs<void>;
    };

}  // namespace ebpf::machine
