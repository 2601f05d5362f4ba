// SPDX-License-Identifier: MIT
//
// What core asks of a CPU, as one table: arch/<isa>/machine_ops.cc defines it,
// the port hands it to ebpf_init. So several CPUs live in one host binary.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/noprobe.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/machine/probe_plan.h"
#include "core/machine/register_names.h"

namespace ebpf::jit {
struct Compilation;
}

namespace ebpf::machine {

/// core/jit/compiler.h for a CPU's macro assembler: arch/<isa>/compiler.cc, or
/// arch/<isa>/without/jit.cc in a kernel that leaves it out.
struct CompilerOps {
  /// Compiles a program. May allocate. Null: there is no compiler. Context:
  /// task.
  Status (*compile)(jit::Compilation& compilation) = nullptr;

  /// Fills executable memory that holds nothing with what traps.
  void (*fill_guard)(Span<uint8_t> bytes) = nullptr;

  /// How far from each other code may be that calls directly.
  uint64_t call_reach = 0;
};

/// No function here blocks, allocates or touches other memory than it is given.
/// What a trap needs is not here, since no indirect call may be on its way:
/// arch/<isa>/machine/trap.cc makes it of the types that probed_insn.h and
/// breakpoint.h ask for.
struct MachineOps {
  const char* name;       // "x86_64", "aarch64", "riscv64"
  uint32_t pt_regs_size;  // a kprobe context's size, in bytes
  /// Of them, what uapi's bpf_user_pt_regs_t has, with which a PERF_EVENT
  /// program's context begins.
  uint32_t user_regs_size;

  /// ProbedInsnFor's Plan, without the trap. Context: any.
  Result<ProbePlan> (*plan_probe)(ConstBytes code, uint64_t function,
                                  size_t offset, uint32_t trap_stub);

  const CompilerOps* compiler;

  /// How far from the instruction its slot may lie.
  uint64_t slot_reach;

  /// ProbedInsnFor's Relocate, and how far the slot may lie so that it can
  /// always be done but for what the instruction is.
  bool (*relocate_probe)(ProbePlan& plan, uint64_t slot) = nullptr;
  uint64_t relocate_reach = 0;

  /// Whether the instruction can be the first in a detour's window; null where
  /// this CPU has no detours.
  bool (*may_detour)(const ProbePlan& plan) = nullptr;
  /// What a jump at `function` + `offset` covers. `code` is all of the function
  /// without breakpoints. kInvalid: no jump can stand there, whatever else is
  /// in the kernel (something jumps into the window, an instruction of it
  /// cannot run elsewhere or may fault and is not its first, it is too large,
  /// ...); kBadSequence. What it cannot see is core/probes' to make sure of:
  /// DESIGN.md there. Null: a jump covers just the probed instruction.
  Result<DetourWindow> (*find_window)(ConstBytes code, uint64_t function,
                                      size_t offset) = nullptr;
  /// The same for a slot that is not within relocate_reach, but less than
  /// `far_reach` away. Null: such a jump there is not.
  Result<DetourWindow> (*find_far_window)(ConstBytes code, uint64_t function,
                                          size_t offset) = nullptr;
  uint64_t far_reach = 0;
  /// Makes a plan of plan_probe's, or relocate_probe's, kDetour, for a slot at
  /// `slot`, and `entry` for what it calls (core/probes/probe_site.h's
  /// machine_detour_text); false, and the plan is unchanged, where one of them
  /// is out of reach.
  bool (*make_detour)(ProbePlan& plan, const DetourWindow& window,
                      uint64_t slot, uint64_t entry) = nullptr;

  /// StaticJumpFor's: what stands where a static key's branch is not taken, and
  /// what is written there to take it. Null: there are no static keys.
  ConstBytes static_no_op;
  bool (*make_static_jump)(uint64_t code, uint64_t target,
                           uint8_t* bytes) = nullptr;

  /// Null: nobody can name registers.
  const RegisterNames* registers = nullptr;
};

}  // namespace ebpf::machine
