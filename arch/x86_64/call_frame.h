// SPDX-License-Identifier: MIT
//
// The x86-64 side of core/machine/call_frame.h.
#pragma once

#include "arch/x86_64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/machine/call_frame.h"

namespace ebpf::x86_64 {

/// The return address is the word that CALL pushed. [intel/vol2: CALL]
struct CallFrame {
  static EBPF_NOPROBE_INLINE uint64_t Sp(const machine::PtRegs& regs) {
    return RegsOf(regs).rsp;
  }
  static EBPF_NOPROBE_INLINE uint64_t
  ReturnAddress(const machine::PtRegs& regs) {
    return *reinterpret_cast<const uint64_t*>(RegsOf(regs).rsp);
  }
  static EBPF_NOPROBE_INLINE void SetReturnAddress(machine::PtRegs& regs,
                                                   uint64_t address) {
    *reinterpret_cast<uint64_t*>(RegsOf(regs).rsp) = address;
  }
  static EBPF_NOPROBE_INLINE uint64_t SpAtEntry(const machine::PtRegs& regs) {
    return RegsOf(regs).rsp - sizeof(uint64_t);
  }
  static EBPF_NOPROBE_INLINE void SetReturned(machine::PtRegs& regs,
                                              uint64_t address) {
    RegsOf(regs).rip = address;
  }
};
static_assert(machine::CallFrameFor<CallFrame>);

}  // namespace ebpf::x86_64
