// SPDX-License-Identifier: MIT
//
// The x86-64 side of core/machine/breakpoint.h.
#pragma once

#include <stdint.h>

#include "core/base/noprobe.h"
#include "core/base/span.h"
#include "core/machine/breakpoint.h"

namespace ebpf::x86_64 {

/// INT3. [intel/vol2: INT n/INTO/INT3/INT1]
///
/// One byte, so it fits over any instruction and one store plants it: no CPU
/// can see half of it. The trap reports the byte *after* it.
struct Breakpoint {
  static constexpr uint8_t kInt3[] = {0xcc};

  static constexpr ConstBytes Opcode(ConstBytes /*insn*/) { return kInt3; }

  static EBPF_NOPROBE_INLINE uint64_t AddressOf(uint64_t trap_pc) {
    return trap_pc - sizeof(kInt3);
  }

  /// INT 3 in its long form (CD 03) raises the same trap and reports the byte
  /// after 03. At the start of a page, where CD would be on a page that may not
  /// be there, 03 alone is taken for it.
  static EBPF_NOPROBE_INLINE bool IsAt(const uint8_t* at) {
    constexpr uint8_t kIntImmediate = 0x03;
    constexpr uint8_t kInt = 0xcd;
    constexpr uintptr_t kPageMask = 4095;
    if (at[0] != kIntImmediate) {
      return at[0] == kInt3[0];
    }
    return (reinterpret_cast<uintptr_t>(at) & kPageMask) == 0 || at[-1] == kInt;
  }
};
static_assert(machine::BreakpointFor<Breakpoint>);

}  // namespace ebpf::x86_64
