// SPDX-License-Identifier: MIT
//
// Breakpoints hit with chosen registers, and what the interrupted code finds
// afterwards.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace hermit {

/// Everything that a trap must keep, or hand over: x[i] is register i + 1. sp
/// is only an output.
struct Registers {
  uint64_t x[31];
};
inline constexpr unsigned kSp = 1;  // in x
inline constexpr unsigned kGp = 2;
inline constexpr unsigned kTp = 3;
inline constexpr unsigned kA0 = 9;

extern "C" {

/// Loads `in`, hits the breakpoint at HermitTestBreakpoint, and stores in `out`
/// what is found behind it.
void HermitTestRegisters(const Registers* in, Registers* out);
extern const uint8_t HermitTestBreakpoint[];

/// Loads `in` and hermit_test_vectors, f0 to f31, and with interrupts on counts
/// a0 down to zero in the two instructions at HermitTestTurn; stores in `out`,
/// and there, what is found then.
void HermitTestTurns(const Registers* in, Registers* out);
extern const uint8_t HermitTestTurn[];

/// Hits a breakpoint whose handler moves sp by a multiple of 16, and returns by
/// how much it was moved, with the 16 bytes at the new sp in `top`.
int64_t HermitTestStackPointer(uint64_t top[2]);

/// A trap vector that stands in for the kernel's, from where the port enters
/// that: stores what it finds in
/// hermit_test_kernel_saw, and returns behind the four bytes of the
/// instruction.
extern const uint8_t HermitTestKernelHandler[];

struct KernelView {
  Registers registers;
  uint64_t pc;
  uint64_t status;
  uint64_t cause;
  uint64_t fault_address;
};
static_assert(offsetof(KernelView, pc) == 248);
static_assert(sizeof(KernelView) == 280);
extern KernelView hermit_test_kernel_saw;

/// Where the port enters the kernel's vector, and that vector.
extern uintptr_t ebpf_kernels_vector;
void trap_entry();

}  // extern "C"

}  // namespace hermit
