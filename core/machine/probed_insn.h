// SPDX-License-Identifier: MIT
//
// What an instruction set says of the instruction under a breakpoint.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/types.h"
#include "core/machine/probe_plan.h"
#include "core/machine/pt_regs.h"

namespace ebpf::machine {

/// arch/<isa>/probed_insn.h has one type that satisfies this, and asserts it.
/// The functions are machine_ops.h's, which tells what each does.
template <typename P>
concept ProbedInsnFor =
    requires(ConstBytes code, uint64_t address, size_t offset,
             uint32_t trap_stub, const ProbePlan& plan, PtRegs& regs,
             StepState& state, const StepState& saved) {
      {
        P::Plan(code, address, offset, trap_stub)
      } -> SameAs<Result<ProbePlan>>;
      { P::Emulate(plan, regs) } -> SameAs<void>;
      { P::BeginStep(plan, address, regs, state) } -> SameAs<void>;
      { P::EndStep(plan, address, saved, regs) } -> SameAs<void>;
      // The length of the instruction at the start of `code`; kBadSequence if
      // it cannot be decoded or is longer than `code`.
      { P::Size(code) } -> SameAs<Result<uint8_t>>;
    };

}  // namespace ebpf::machine
