// SPDX-License-Identifier: MIT
//
// DragonOS's trap frame on RISC-V is Linux's pt_regs.
#pragma once

#include "arch/riscv64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/capi/ebpf.h"
#include "ports/dragonos/riscv64/trap_frame.h"

namespace ebpf::dragonos {

static_assert(sizeof(dragonos_trap_frame) == sizeof(riscv64::PtRegs));
static_assert(offsetof(dragonos_trap_frame, epc) ==
              offsetof(riscv64::PtRegs, epc));
static_assert(offsetof(dragonos_trap_frame, x) == offsetof(riscv64::PtRegs, x));
static_assert(offsetof(dragonos_trap_frame, status) ==
              offsetof(riscv64::PtRegs, status));
static_assert(offsetof(dragonos_trap_frame, badaddr) ==
              offsetof(riscv64::PtRegs, badaddr));
static_assert(offsetof(dragonos_trap_frame, cause) ==
              offsetof(riscv64::PtRegs, cause));
static_assert(offsetof(dragonos_trap_frame, origin_a0) ==
              offsetof(riscv64::PtRegs, orig_a0));

/// [riscv/priv: scause]
inline constexpr uint64_t kBreakpoint = 3;

/// Whether kernel code was interrupted, and not a process. Context: any.
EBPF_NOPROBE_INLINE bool IsOfKernel(const dragonos_trap_frame& frame) {
  constexpr uint64_t kFromSupervisor = 1 << 8;  // SPP [riscv/priv: sstatus]
  return (frame.status & kFromSupervisor) != 0;
}

/// The frame, as core sees it. Context: any.
EBPF_NOPROBE_INLINE ebpf_pt_regs* RegsOf(dragonos_trap_frame* frame) {
  return reinterpret_cast<ebpf_pt_regs*>(frame);
}

}  // namespace ebpf::dragonos
