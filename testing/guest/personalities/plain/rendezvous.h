// SPDX-License-Identifier: MIT
//
// Stopping all other CPUs while one changes text.
#pragma once

#include <stdint.h>

namespace guest::plain {

/// As core/platform/text.h's ebpf_port_stop_machine.
int StopMachine(int (*function)(void* argument), void* argument, int* result);

/// The other CPUs' side: what an IPI does. Context: irq.
void JoinRendezvous(uint32_t cpu);

}  // namespace guest::plain
