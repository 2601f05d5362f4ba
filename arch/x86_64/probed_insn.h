// SPDX-License-Identifier: MIT
//
// The x86-64 side of core/machine/probed_insn.h.
#pragma once

#include "arch/x86_64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/machine/probed_insn.h"

namespace ebpf::x86_64 {

/// What is emulated: no-operations, moves between registers and of constants,
/// LEA, all near branches, and where the trap's stub allows it what moves or
/// writes the stack (push, pop, call, ret, leave, add and sub to rsp). The rest
/// is stepped, with a borrowed base register where memory is addressed relative
/// to rip: so a slot may lie anywhere. Refused are instructions that trap, that
/// return to other privileges, that change what the trap handler stands on (gs,
/// the interrupt table, page tables), and those whose effect is on the
/// instruction that follows (mov ss; sti before hlt).
struct ProbedInsn {
  /// Less than what a jump reaches, by more than a slot's size.
  static constexpr uint64_t kRelocateReach = (uint64_t{1} << 31) - 64;

  static Result<uint8_t> Size(ConstBytes code);
  static Result<machine::ProbePlan> Plan(ConstBytes code, uint64_t function,
                                         size_t offset, uint32_t trap_stub);
  /// In relocated_insn.cc.
  static bool Relocate(machine::ProbePlan& plan, uint64_t slot);

  static void Emulate(const machine::ProbePlan& plan, machine::PtRegs& regs);
  static void BeginStep(const machine::ProbePlan& plan, uint64_t slot,
                        machine::PtRegs& regs, machine::StepState& state);
  static void EndStep(const machine::ProbePlan& plan, uint64_t slot,
                      const machine::StepState& state, machine::PtRegs& regs);
  static void AbortStep(const machine::ProbePlan& plan,
                        const machine::StepState& state, machine::PtRegs& regs);

  static EBPF_NOPROBE_INLINE uint64_t Pc(const machine::PtRegs& regs) {
    return RegsOf(regs).rip;
  }
  static EBPF_NOPROBE_INLINE void SetPc(machine::PtRegs& regs, uint64_t pc) {
    RegsOf(regs).rip = pc;
  }
};
static_assert(machine::ProbedInsnFor<ProbedInsn>);

}  // namespace ebpf::x86_64
