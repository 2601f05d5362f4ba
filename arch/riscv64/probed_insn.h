// SPDX-License-Identifier: MIT
//
// The RISC-V side of core/machine/probed_insn.h.
#pragma once

#include "arch/riscv64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/machine/probed_insn.h"

namespace ebpf::riscv64 {

/// Emulated are branches and jumps, what is relative to pc, constants, moves,
/// additions of constants, and loads and stores of registers on the stack.
/// Where the trap's stub cannot set sp, what moves sp is stepped, as is the
/// rest. Refused are traps, returns from them, control registers, fence.i,
/// what the CPU's maker defined, and LR to SC, between which a trap would lose
/// the reservation each time.
struct ProbedInsn {
  /// Less than what a jump reaches, by more than a slot's size.
  static constexpr uint64_t kRelocateReach = (uint64_t{1} << 20) - 64;

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
    return RegsOf(regs).epc;
  }
  static EBPF_NOPROBE_INLINE void SetPc(machine::PtRegs& regs, uint64_t pc) {
    RegsOf(regs).epc = pc;
  }
};
static_assert(machine::ProbedInsnFor<ProbedInsn>);

}  // namespace ebpf::riscv64
