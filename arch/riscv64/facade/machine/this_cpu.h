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

/// What kernels on this CPU usually count preemption by: for that
/// core/memory/this_cpu.h has code without a question.
inline constexpr bool kUsuallyCountsByStack = false;
inline constexpr bool kUsuallyCountsByRegister = false;

}  // namespace ebpf::machine
