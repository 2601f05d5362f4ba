// SPDX-License-Identifier: MIT
//
// The RISC-V side of core/machine/call_frame.h.
#pragma once

#include "arch/riscv64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/machine/call_frame.h"

namespace ebpf::riscv64 {

/// The return address is in ra until the function stores it. [riscv/psabi:
/// Integer Register Convention]
struct CallFrame {
  static EBPF_NOPROBE_INLINE uint64_t Sp(const machine::PtRegs& regs) {
    return RegsOf(regs).x[kSp - 1];
  }
  static EBPF_NOPROBE_INLINE uint64_t
  ReturnAddress(const machine::PtRegs& regs) {
    return RegsOf(regs).x[kRa - 1];
  }
  static EBPF_NOPROBE_INLINE void SetReturnAddress(machine::PtRegs& regs,
                                                   uint64_t address) {
    PtRegs& registers = RegsOf(regs);
    if (registers.epc == registers.x[kRa - 1]) {
      registers.epc = address;  // it was made to return at once (ReturnAtOnce)
    }
    registers.x[kRa - 1] = address;
  }
  static EBPF_NOPROBE_INLINE uint64_t SpAtEntry(const machine::PtRegs& regs) {
    return Sp(regs);
  }
  static EBPF_NOPROBE_INLINE void SetReturned(machine::PtRegs& regs,
                                              uint64_t address) {
    RegsOf(regs).x[kRa - 1] = address;
    RegsOf(regs).epc = address;
  }
};
static_assert(machine::CallFrameFor<CallFrame>);

}  // namespace ebpf::riscv64
