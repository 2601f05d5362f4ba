// SPDX-License-Identifier: MIT
//
// The register by which AArch64 tells its CPUs apart, in kernels that say so
// (core/platform/this_cpu.h): the facade `machine/` of
// core/decisions/0005-this-cpu.md, of which the build chooses one.
#pragma once

#include <stdint.h>

namespace ebpf::machine {

/// Tpidr_el1. Context: any, in a kernel.
__attribute__((always_inline)) inline uint64_t ThisCpuRegister() {
  uint64_t value;
  __asm__ volatile("mrs %0, tpidr_el1" : "=r"(value));
  return value;
}

/// Whether DAIF's I is set. Context: any, in a kernel.
__attribute__((always_inline)) inline bool InterruptsMasked() {
  constexpr uint64_t kInterruptMask = uint64_t{1} << 7;
  uint64_t masks;
  __asm__ volatile("mrs %0, daif" : "=r"(masks));
  return (masks & kInterruptMask) != 0;
}

/// How kernels for this CPU keep preemption off, of those that we know: for
/// that way, and the register, what runs often has code without a question.
/// Neither: they never preempt.
inline constexpr bool kUsuallyCountsByStack = false;
inline constexpr bool kUsuallyCountsByRegister = true;

}  // namespace ebpf::machine
