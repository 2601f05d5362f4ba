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

/// What can be found out of what runs, at any moment, for the columns of a
/// trace (`d..1.`) and the fields of records that they show.
enum ebpf_context_fact {
  /// Interrupts are masked by the CPU's own flag (x86-64: IF, AArch64: DAIF's
  /// I, RISC-V: sstatus' SIE), and ebpf_port_preempt_disable leaves it as it
  /// is.
  EBPF_CONTEXT_INTERRUPT_MASK = 1,
  /// The number that ebpf_port_this_cpu says is how often preemption was
  /// switched off.
  EBPF_CONTEXT_PREEMPT_DEPTH = 2,
  /// `interrupts` is there: not 0 while an interrupt's handler runs on that
  /// CPU.
  EBPF_CONTEXT_INTERRUPTS = 4,
  /// `resched` is there: not 0 where another task shall run as soon as may be.
  EBPF_CONTEXT_RESCHED = 8,
};

struct ebpf_context {
  uint32_t facts;   // a sum of ebpf_context_fact
  uint32_t stride;  // bytes from a CPU's numbers to those of the next
  const volatile uint32_t* interrupts;  // of CPU 0
  const volatile uint32_t* resched;     // of CPU 0
};

/// What records of events tell of what passed them; as ebpf_port_this_cpu.
/// Default: zeros. Absent: records say 0, a trace's columns show dots. Context:
/// any.
__attribute__((
    visibility("hidden"))) extern struct ebpf_context ebpf_port_context;

}  // extern "C"
