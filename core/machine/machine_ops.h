// SPDX-License-Identifier: MIT
//
// What core asks of a CPU, as one table: arch/<isa>/machine_ops.cc defines it,
// the port hands it to ebpf_init. So several CPUs live in one host binary.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/machine/probe_plan.h"
#include "core/machine/pt_regs.h"

namespace ebpf::machine {

/// No function here blocks, allocates or touches other memory than it is given,
/// but `emulate`, which does what the instruction does. Context: any.
struct MachineOps {
  const char* name;       // "x86_64", "aarch64", "riscv64"
  uint32_t pt_regs_size;  // a kprobe context's size, in bytes

  /// Decides how the instruction at function + offset can be probed.
  ///
  /// `code` is the whole function's text from its start at `function`, as it
  /// was before any breakpoint. `trap_stub` is ebpf_port_trap_stub's.
  /// kBadSequence: `offset` is inside an instruction (or beyond one that cannot
  /// be decoded); kInvalid: the instruction cannot be probed (an exclusive
  /// access, a trap, ...), or `offset` is not inside `code`.
  Result<ProbePlan> (*plan_probe)(ConstBytes code, uint64_t function,
                                  size_t offset, uint32_t trap_stub);

  /// Where the breakpoint stands that trapped with these registers.
  uint64_t (*breakpoint_address)(const PtRegs& regs);

  /// Whether the text at `at` (readable) begins with a breakpoint instruction.
  bool (*is_breakpoint)(const uint8_t* at);

  void (*set_pc)(PtRegs& regs, uint64_t pc);

  /// plan.method == kEmulate: carries the instruction out; `regs` had their pc
  /// at the breakpoint and have it at the next instruction afterwards.
  void (*emulate)(const ProbePlan& plan, PtRegs& regs);

  /// plan.method == kStep: sends `regs` into the slot with interrupts masked.
  void (*begin_step)(const ProbePlan& plan, uint64_t slot, PtRegs& regs,
                     StepState& state);

  /// After the slot's second breakpoint: `regs` as if the instruction had run
  /// at its own place, interrupts as they were.
  void (*end_step)(const ProbePlan& plan, uint64_t slot, const StepState& state,
                   PtRegs& regs);

  /// How far from the function a slot may lie (2 GiB, 128 MiB, 1 MiB, or any).
  uint64_t slot_reach;
};

}  // namespace ebpf::machine
