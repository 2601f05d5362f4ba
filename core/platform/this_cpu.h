// SPDX-License-Identifier: MIT
//
// How code finds out by itself which CPU runs it, and keeps itself there, where
// a port says how: by no call. Those of cpu.h say the same and are always
// there. Tier T0; core/decisions/0005-this-cpu.md tells why.
#pragma once

#include <stdint.h>

extern "C" {

/// What is so in a kernel, at any moment in which its code runs.
enum ebpf_this_cpu_fact {
  /// The register that machine/this_cpu.h reads (x86-64: tr, AArch64:
  /// tpidr_el1, RISC-V: tp) has on each CPU a value that no other CPU has, that
  /// never changes, and that is not all ones.
  EBPF_THIS_CPU_REGISTER = 1,
  /// ebpf_port_preempt_disable and ebpf_port_preempt_enable have nothing to do.
  EBPF_THIS_CPU_NO_PREEMPTION = 2,
  /// A number of 32 bits that is not 0 keeps the caller on its CPU, and other
  /// tasks off it. It is `counter_offset` bytes behind where the lowest word of
  /// the kernel's stack points to, which has `stack_size` bytes, a power of
  /// two, and is aligned to it. Of the task: nobody else changes it, but what
  /// interrupts the task, and that gives it back as it was.
  EBPF_THIS_CPU_COUNTER_BY_STACK = 4,
  /// The same, `counter_offset` bytes behind where the register points to; it
  /// may also be the CPU's, where tasks never go on on another CPU.
  EBPF_THIS_CPU_COUNTER_BY_REGISTER = 8,
};

struct ebpf_this_cpu {
  uint32_t facts;  // a sum of ebpf_this_cpu_fact, of the last three one at most
  uint32_t counter_offset;
  uint64_t stack_size;
};

/// What is so in the port's kernel, which may fill it in before ebpf_init, and
/// not later. Default: zeros. Absent: the functions of cpu.h are called.
/// Context: any.
__attribute__((
    visibility("hidden"))) extern struct ebpf_this_cpu ebpf_port_this_cpu;

}  // extern "C"
