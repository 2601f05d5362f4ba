// SPDX-License-Identifier: MIT
//
// The virtual timer of EL1, for ports to kernels that use the physical one only
// and leave it alone. machine:trap_takeover asks it whether an interrupt is
// ours. Once it is armed anew it asks no more, so the kernel, which is called
// next, finds what else has come, or nothing.
#pragma once

#include <stdint.h>

namespace ebpf::aarch64 {

/// How often its counter, which is the physical one's less an offset, ticks in
/// a second: what the firmware says. Context of all: any.
inline uint64_t CounterFrequency() {
  uint64_t frequency;  // below 2^32
  asm volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
  return frequency;
}

/// Has it interrupt at `deadline_ns` by ebpf_port_time_ns(), 20 us from now at
/// the soonest, or before that, and to be armed again then; never, if it is all
/// ones. Interrupts masked.
void ArmVirtualTimer(uint64_t deadline_ns);

/// Has it ask for no interrupt.
void StopVirtualTimer();

}  // namespace ebpf::aarch64
