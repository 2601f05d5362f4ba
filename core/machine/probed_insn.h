// SPDX-License-Identifier: MIT
//
// What an instruction set says of the instruction under a breakpoint.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/types.h"
#include "core/machine/probe_plan.h"
#include "core/machine/pt_regs.h"

namespace ebpf::machine {

/// arch/<isa>/probed_insn.h has one type that satisfies this, and asserts it.
/// Context of all: any. All but Plan, Relocate and Size are in ebpf_noprobe.
///
///   Plan       decides how the instruction at `address` + `offset` is made to
///              happen under a breakpoint. `code` is the text of its function
///              from the start on, at `address`, as it was before any
///              breakpoint; `trap_stub` is ebpf_port_trap_stub's.
///              kBadSequence: `offset` is inside an instruction, or beyond one
///              that cannot be decoded; kInvalid: the instruction cannot be
///              probed (an exclusive access, a trap, ...), or `offset` is not
///              inside `code`.
///   Size       the length of the instruction that `code` begins with;
///              kBadSequence if it cannot be decoded or is longer than `code`.
///   Emulate    plan.method == kEmulate: does to `regs` and memory what the
///              instruction would; the pc was at the breakpoint's address, and
///              is at the next instruction afterwards.
///   BeginStep  plan.method == kStep: sends `regs` into the slot, interrupts
///              masked.
///   EndStep    at the slot's second breakpoint: `regs` as if the instruction
///              had run at its own place, interrupts as they were.
///   Relocate   plan.method == kStep: makes it kRelocate for a slot at `slot`,
///              if the instruction can be: its copy is as long as it is, and
///              the jump right behind. Else false, and the plan is unchanged.
///   AbortStep  the instruction faulted in the slot: `regs` as they were when
///              it was about to run at its own place.
template <typename P>
concept ProbedInsnFor = requires(
    ConstBytes code, uint64_t address, size_t offset, uint32_t trap_stub,
    const ProbePlan& plan, PtRegs& regs, ProbePlan& new_plan,
    const PtRegs& old_regs, StepState& state, const StepState& saved) {
  { P::Plan(code, address, offset, trap_stub) } -> SameAs<Result<ProbePlan>>;
  { P::Size(code) } -> SameAs<Result<uint8_t>>;
  { P::Relocate(new_plan, address) } -> SameAs<bool>;
  { P::Emulate(plan, regs) } -> SameAs<void>;
  { P::BeginStep(plan, address, regs, state) } -> SameAs<void>;
  { P::EndStep(plan, address, saved, regs) } -> SameAs<void>;
  { P::AbortStep(plan, saved, regs) } -> SameAs<void>;
  { P::Pc(old_regs) } -> SameAs<uint64_t>;
  { P::SetPc(regs, address) } -> SameAs<void>;
};

}  // namespace ebpf::machine
