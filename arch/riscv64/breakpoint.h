// SPDX-License-Identifier: MIT
//
// The RISC-V side of core/machine/breakpoint.h.
#pragma once

#include <stdint.h>

#include "core/base/noprobe.h"
#include "core/base/span.h"
#include "core/machine/breakpoint.h"

namespace ebpf::riscv64 {

/// C.EBREAK or EBREAK, as long as the instruction it hides. [riscv/unpriv: C]
///
/// A two-byte instruction must get the two-byte form, or the breakpoint would
/// run over its neighbour. The trap reports the breakpoint's own address.
struct Breakpoint {
  static constexpr uint8_t kCEbreak[] = {0x02, 0x90};
  static constexpr uint8_t kEbreak[] = {0x73, 0x00, 0x10, 0x00};

  static constexpr ConstBytes Opcode(ConstBytes insn) {
    if (insn.size() == sizeof(kCEbreak)) {
      return kCEbreak;
    }
    return kEbreak;
  }

  static EBPF_NOPROBE_INLINE uint64_t AddressOf(uint64_t trap_pc) {
    return trap_pc;
  }

  /// Reads the second half only where there is one.
  static EBPF_NOPROBE_INLINE bool IsAt(const uint8_t* at) {
    if (at[0] == kCEbreak[0] && at[1] == kCEbreak[1]) {
      return true;
    }
    return at[0] == kEbreak[0] && at[1] == kEbreak[1] && at[2] == kEbreak[2] &&
           at[3] == kEbreak[3];
  }
};
static_assert(machine::BreakpointFor<Breakpoint>);

}  // namespace ebpf::riscv64
