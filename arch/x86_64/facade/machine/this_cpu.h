// SPDX-License-Identifier: MIT
//
// The register by which x86-64 tells its CPUs apart, in kernels that say so
// (core/platform/this_cpu.h): the facade `machine/` of
// core/decisions/0005-this-cpu.md, of which the build chooses one.
#pragma once

#include <stdint.h>

namespace ebpf::machine {

/// Tr, the task register. Context: any, in a kernel.
__attribute__((always_inline)) inline uint64_t ThisCpuRegister() {
  // [intel/vol2: STR]
  uint32_t selector;
  __asm__ volatile("str %0" : "=r"(selector));
  return selector;
}

/// What kernels on this CPU usually count preemption by: for that
/// core/memory/this_cpu.h has code without a question.
inline constexpr bool kUsuallyCountsByStack = true;
inline constexpr bool kUsuallyCountsByRegister = false;

}  // namespace ebpf::machine
