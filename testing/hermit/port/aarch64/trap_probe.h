// SPDX-License-Identifier: MIT
//
// Breakpoints hit with chosen registers, on either stack of the exception
// level, and what the interrupted code finds afterwards.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace hermit {

/// Everything that a trap must keep, or hand over. `sp` is only an output.
struct Registers {
  uint64_t x[31];
  uint64_t flags;  // NZCV
  uint64_t sp;
};
static_assert(offsetof(Registers, flags) == 248);
static_assert(sizeof(Registers) == 264);

/// Which stack pointer the breakpoint is hit on.
enum class Stack : uint64_t { kTask = 0, kKernel = 1 };

extern "C" {

/// Loads `in`, hits the breakpoint `brk #1` at HermitTestBreakpoint on `stack`,
/// and stores in `out` what is found behind it. x18 is a register like others.
void HermitTestRegisters(const Registers* in, Registers* out, Stack stack);
extern const uint8_t HermitTestBreakpoint[];

/// Loads `in`, and with interrupts on counts x0 down to zero on `stack`, in the
/// two instructions at HermitTestTurn; stores in `out` what is found then.
void HermitTestTurns(const Registers* in, Registers* out, Stack stack);
extern const uint8_t HermitTestTurn[];

/// Hits `brk #2` on `stack`, whose handler moves sp by a multiple of 16, and
/// returns by how much it was moved, with the 16 bytes at the new sp in `top`.
int64_t HermitTestStackPointer(uint64_t top[2], Stack stack);

/// A handler for synchronous exceptions that stands in for the kernel's: stores
/// the registers it finds in hermit_test_kernel_saw, and its ELR_EL1, SPSR_EL1
/// and ESR_EL1 behind them, and returns behind the breakpoint.
extern const uint8_t HermitTestKernelHandler[];

struct KernelView {
  Registers registers;
  uint64_t pc;
  uint64_t pstate;
  uint64_t syndrome;
};
static_assert(offsetof(KernelView, pc) == 264);
extern KernelView hermit_test_kernel_saw;

/// Hermit's own vectors.
extern const uint8_t vector_table[];

}  // extern "C"

/// ESR_EL1 of `brk #immediate`.
constexpr uint64_t BreakpointSyndrome(uint16_t immediate) {
  return uint64_t{0x3c} << 26 | uint64_t{1} << 25 | immediate;
}

}  // namespace hermit
