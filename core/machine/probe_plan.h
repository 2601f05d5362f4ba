// SPDX-License-Identifier: MIT
//
// How the instruction under a breakpoint is made to happen.
#pragma once

#include <stdint.h>

namespace ebpf::machine {

/// What is done with the displaced instruction when its breakpoint is hit.
enum class ProbeMethod : uint8_t {
  /// arch code changes the registers and memory as the instruction would.
  kEmulate,
  /// A copy runs in a slot of executable memory with interrupts masked, a
  /// second breakpoint behind it; then the registers are put right.
  kStep,
  /// A copy, which does the same there, runs in a slot and jumps back behind
  /// the original. It can be interrupted there, and nothing is put right.
  kRelocate,
  /// No breakpoint: a jump into a slot stands in its place, which calls what
  /// runs the consumers, then runs a copy, and jumps back.
  kDetour,
};

/// What the stub of the breakpoint trap can do; the values are those of
/// ebpf_trap_stub in core/platform/text.h, which explains them.
inline constexpr uint32_t kTrapStubSetsSp = 1;
inline constexpr uint32_t kTrapStubLeavesGap = 2;

inline constexpr unsigned kMaxInsnSize = 15;
/// Copy and second breakpoint, or jump; with a detour's way to its consumers.
inline constexpr unsigned kMaxSlotSize = 32;

/// Everything that a hit needs to know of one probed instruction. Plain data,
/// written once by MachineOps::plan_probe.
struct ProbePlan {
  uint64_t address;  // of the instruction
  uint8_t insn_size;
  ProbeMethod method;
  uint8_t breakpoint_size;               // <= insn_size
  uint8_t slot_size;                     // 0 where kEmulate
  uint8_t step_trap_offset;              // kStep: of the second breakpoint
  uint8_t copy_offset;                   // of the instruction in the slot
  uint16_t emulation;                    // arch's own: which emulation
  uint64_t operand;                      // arch's own: its operands
  uint8_t insn[kMaxInsnSize + 1];        // the original bytes
  uint8_t breakpoint[kMaxInsnSize + 1];  // what stands there instead
  uint8_t slot[kMaxSlotSize];            // what the slot holds
};

/// What a step changed and its end must restore, kept per CPU meanwhile.
struct StepState {
  uint64_t saved_flags;
  uint64_t saved_register;  // arch's own: which, and why
};

}  // namespace ebpf::machine
