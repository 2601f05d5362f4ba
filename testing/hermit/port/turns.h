// SPDX-License-Identifier: MIT
//
// Registers over which a task counts, while interrupts come: one turns.cc for
// each CPU.
#pragma once

#include <stdint.h>

namespace ebpf {
struct TakenFrame;
}  // namespace ebpf

namespace hermit {

/// How many stacks a task may be interrupted on that the port tells apart.
extern const uint32_t kTurnStacks;

/// Gives every register but sp a value of its own, vector registers too where
/// Hermit lets them be used, and counts one of them down from `turns` on stack
/// `stack` with interrupts on. False if one was not as it was afterwards.
/// Context: task.
bool Turn(uint64_t turns, uint32_t stack);

/// Whether `regs` were interrupted while they counted. Context: irq.
bool IsTurning(const ebpf::TakenFrame& regs);

/// Whether they have those values then, and the sp of turns before, if there
/// were some. Context: irq.
bool HasTurnsRegisters(const ebpf::TakenFrame& regs, uint32_t stack);

/// What a port that is wrong would do in that interrupt: a register comes back
/// with another value, one of the frame's or a vector register. Context: irq.
void SpoilRegister(ebpf::TakenFrame& regs);
void SpoilVector();

}  // namespace hermit
