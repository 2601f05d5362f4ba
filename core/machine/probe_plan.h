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
  /// A jump into a slot stands there, which calls what runs the consumers, then
  /// runs copies of what the jump covers, and jumps back. Where that is more
  /// than one instruction a breakpoint stands there first; its trap leads to
  /// the copies in the same slot.
  kDetour,
};

/// What the stub of the breakpoint trap can do; the values are those of
/// ebpf_trap_stub in core/platform/text.h, which explains them.
inline constexpr uint32_t kTrapStubSetsSp = 1;
inline constexpr uint32_t kTrapStubLeavesGap = 2;

inline constexpr unsigned kMaxInsnSize = 15;
inline constexpr unsigned kMaxBreakpointSize = 4;
inline constexpr unsigned kMaxWindowSize = 16;
inline constexpr unsigned kMaxJumpSize = 8;
/// Copy and second breakpoint, or jump; with a detour's way to its consumers.
inline constexpr unsigned kMaxSlotSize = 32;

/// What the jump of a detour covers: whole instructions, which run in its slot.
struct DetourWindow {
  uint8_t size;
  uint8_t scratch;                // arch's own: a register that is free there
  uint8_t insns[kMaxWindowSize];  // `size` bytes, as without probes
};

/// Everything that a hit needs to know of one probed instruction. Plain data,
/// made by MachineOps::plan_probe, and then by relocate_probe or make_detour.
struct ProbePlan {
  uint64_t address;  // of the instruction
  uint8_t insn_size;
  ProbeMethod method;
  uint8_t breakpoint_size;   // <= insn_size
  uint8_t slot_size;         // 0 where kEmulate
  uint8_t step_trap_offset;  // kStep: of the second breakpoint
  uint8_t copy_offset;       // of the instruction in the slot
  uint16_t emulation;        // arch's own: which emulation
  uint64_t operand;          // arch's own: its operands
  // The original bytes: of the instruction; kDetour: of the whole window.
  uint8_t insn[kMaxWindowSize];
  uint8_t breakpoint[kMaxBreakpointSize];  // what stands there instead
  uint8_t window_size;                     // kDetour: what the jump covers
  uint8_t jump_size;                       // kDetour: <= window_size
  uint8_t jump[kMaxJumpSize];              // kDetour: what stands there at last
  uint8_t slot[kMaxSlotSize];              // what the slot holds
};

/// How many bytes run in the slot of a plan that jumps back.
constexpr uint8_t SizeInSlot(const ProbePlan& plan) {
  return plan.method == ProbeMethod::kDetour ? plan.window_size
                                             : plan.insn_size;
}

/// What a step changed and its end must restore, kept per CPU meanwhile.
struct StepState {
  uint64_t saved_flags;
  uint64_t saved_register;  // arch's own: which, and why
};

}  // namespace ebpf::machine
