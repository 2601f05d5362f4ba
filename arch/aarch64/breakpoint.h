// SPDX-License-Identifier: MIT
//
// The AArch64 side of core/machine/breakpoint.h.
#pragma once

#include <stdint.h>

#include "core/base/noprobe.h"
#include "core/base/span.h"
#include "core/machine/breakpoint.h"

namespace ebpf::aarch64 {

/// BRK #4, the immediate that Linux's kprobes use. [arm/arm: BRK]
///
/// As long as any instruction. The trap reports the breakpoint's own address.
struct Breakpoint {
  static constexpr uint8_t kBrk[] = {0x80, 0x00, 0x20, 0xd4};

  static constexpr ConstBytes Opcode(ConstBytes /*insn*/) { return kBrk; }

  static EBPF_NOPROBE_INLINE uint64_t AddressOf(uint64_t trap_pc) {
    return trap_pc;
  }

  /// BRK with any immediate. Instructions are aligned, and so is `at`.
  static EBPF_NOPROBE_INLINE bool IsAt(const uint8_t* at) {
    const uint32_t insn = *reinterpret_cast<const uint32_t*>(at);
    return (insn & 0xffe0001f) == 0xd4200000;
  }
};
static_assert(machine::BreakpointFor<Breakpoint>);

}  // namespace ebpf::aarch64
