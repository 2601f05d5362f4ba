// SPDX-License-Identifier: MIT
//
// The AArch64 side of core/machine/probed_insn.h.
#pragma once

#include "arch/aarch64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/machine/probed_insn.h"

namespace ebpf::aarch64 {

/// Emulated are all branches, address constants (adr, adrp), loads of integer
/// literals, nop, bti, adding of immediates, and stores to the stack that move
/// sp, where the trap's stub allows what they do. The rest runs in a slot.
/// Refused are exclusive accesses and what is between them, exceptions and
/// returns from them, branches with pointer authentication, waits, writes of
/// system registers and the read of the interrupt mask, literals into vector
/// registers, SVE, and what is not allocated.
struct ProbedInsn {
  static Result<uint8_t> Size(ConstBytes code);
  static Result<machine::ProbePlan> Plan(ConstBytes code, uint64_t function,
                                         size_t offset, uint32_t trap_stub);

  static void Emulate(const machine::ProbePlan& plan, machine::PtRegs& regs);
  static void BeginStep(const machine::ProbePlan& plan, uint64_t slot,
                        machine::PtRegs& regs, machine::StepState& state);
  static void EndStep(const machine::ProbePlan& plan, uint64_t slot,
                      const machine::StepState& state, machine::PtRegs& regs);
  static void AbortStep(const machine::ProbePlan& plan,
                        const machine::StepState& state, machine::PtRegs& regs);

  static EBPF_NOPROBE_INLINE uint64_t Pc(const machine::PtRegs& regs) {
    return reinterpret_cast<const PtRegs&>(regs).pc;
  }
  static EBPF_NOPROBE_INLINE void SetPc(machine::PtRegs& regs, uint64_t pc) {
    reinterpret_cast<PtRegs&>(regs).pc = pc;
  }
};
static_assert(machine::ProbedInsnFor<ProbedInsn>);

}  // namespace ebpf::aarch64
