// SPDX-License-Identifier: MIT
//
// core/platform/timer.h on Hermit: by a timer that the kernel leaves alone, or
// shares.
#include "core/platform/armed_timers.h"
#include "core/platform/features.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"

constinit const ebpf::ArmedTimers ebpf::armed_timers = {
    .arm = &hermit::ArmTimer, .interrupt = &ebpf_hermit_interrupt_cpu};

extern "C" uint32_t ebpf_port_features(void) {
  return EBPF_PORT_STACKS | (ebpf::HasArmedTimers() ? EBPF_PORT_TIMERS : 0);
}
