// SPDX-License-Identifier: MIT
//
// The AArch64 side of core/machine/call_frame.h.
#pragma once

#include "arch/aarch64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/machine/call_frame.h"

namespace ebpf::aarch64 {

/// The return address is in x30 until the function stores it, signed or not.
/// [arm/arm: BL]
struct CallFrame {
  static constexpr unsigned kLink = 30;

  static EBPF_NOPROBE_INLINE uint64_t Sp(const machine::PtRegs& regs) {
    return RegsOf(regs).sp;
  }
  static EBPF_NOPROBE_INLINE uint64_t
  ReturnAddress(const machine::PtRegs& regs) {
    return RegsOf(regs).x[kLink];
  }
  static EBPF_NOPROBE_INLINE void SetReturnAddress(machine::PtRegs& regs,
                                                   uint64_t address) {
    PtRegs& registers = RegsOf(regs);
    if (registers.pc == registers.x[kLink]) {
      registers.pc = address;  // it was made to return at once (ReturnAtOnce)
    }
    registers.x[kLink] = address;
  }
  static EBPF_NOPROBE_INLINE uint64_t SpAtEntry(const machine::PtRegs& regs) {
    return RegsOf(regs).sp;
  }
  static EBPF_NOPROBE_INLINE void SetReturned(machine::PtRegs& regs,
                                              uint64_t address) {
    RegsOf(regs).x[kLink] = address;
    RegsOf(regs).pc = address;
  }
};
static_assert(machine::CallFrameFor<CallFrame>);

}  // namespace ebpf::aarch64
