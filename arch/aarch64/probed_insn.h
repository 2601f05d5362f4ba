// SPDX-License-Identifier: MIT
//
// The AArch64 side of core/machine/probed_insn.h.
#pragma once

#include "arch/aarch64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/machine/probed_insn.h"

namespace ebpf::aarch64 {

/// Emulated are branches, what is relative to pc, moves, additions of
/// constants, masking of interrupts, and loads and stores of registers on the
/// stack; those that move sp or write below it where the trap's stub allows it.
/// The rest is stepped.
/// Refused are exceptions and returns from them, authenticated branches, writes
/// of system registers and reads of those that a trap changes, literals of SIMD
/// registers, and load-exclusive to store-exclusive, between which a trap would
/// lose the reservation each time.
struct ProbedInsn {
  /// Less than what a jump reaches, by more than a slot's size.
  static constexpr uint64_t kRelocateReach = (uint64_t{1} << 27) - 64;

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
    return RegsOf(regs).pc;
  }
  static EBPF_NOPROBE_INLINE void SetPc(machine::PtRegs& regs, uint64_t pc) {
    RegsOf(regs).pc = pc;
  }
};
static_assert(machine::ProbedInsnFor<ProbedInsn>);

}  // namespace ebpf::aarch64
