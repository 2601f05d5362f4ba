// SPDX-License-Identifier: MIT
//
// The register by which RISC-V tells its CPUs apart, in kernels that say so
// (core/platform/this_cpu.h): the facade `machine/` of
// core/decisions/0005-this-cpu.md, of which the build chooses one.
#pragma once

#include <stdint.h>

namespace ebpf::machine {

/// Tp. Context: any, in a kernel.
__attribute__((always_inline)) inline uint64_t ThisCpuRegister() {
  uint64_t value;
  __asm__ volatile("mv %0, tp" : "=r"(value));
  return value;
}

/// Whether sstatus' SIE is clear. Context: any, in a kernel.
__attribute__((always_inline)) inline bool InterruptsMasked() {
  constexpr uint64_t kInterruptsEnabled = uint64_t{1} << 1;
  uint64_t status;
  __asm__ volatile("csrr %0, sstatus" : "=r"(status));
  return (status & kInterruptsEnabled) == 0;
}

/// How kernels for this CPU keep preemption off, of those that we know: for
/// that way, and the register, what runs often has code without a question.
/// Neither: they never preempt.
inline constexpr bool kUsuallyCountsByStack = false;
inline constexpr bool kUsuallyCountsByRegister = false;

}  // namespace ebpf::machine
