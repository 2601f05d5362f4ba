// SPDX-License-Identifier: MIT
//
// What the CPU folders of this port give to the rest of it.
#pragma once

#include <stdint.h>

#include "ports/dragonos/kernel.h"

namespace ebpf::machine {
struct MachineOps;
}  // namespace ebpf::machine

namespace ebpf::dragonos {

/// Whether breakpoints come to us in the way that we need, as far as that can
/// be seen. Context: task.
bool HasBreakpointHook();

/// Prepares writing text. False without memory. Context: task, once.
bool PrepareTextWrites();

/// Measures how fast the CPU's clock runs; takes some 20 ms. Context: task.
void MeasureClock();

/// Whether kernel code was interrupted, and not a process; and where. Context:
/// any.
bool IsKernels(const dragonos_trap_frame& frame);
uint64_t PcOf(const dragonos_trap_frame& frame);

/// What arch/ knows of this CPU beyond its type. Context: task.
uint64_t MachineFeatures();

/// The table of arch/ for this CPU.
const machine::MachineOps& Machine();

}  // namespace ebpf::dragonos
