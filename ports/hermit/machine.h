// SPDX-License-Identifier: MIT
//
// What the CPU folders of this port give to the rest of it.
#pragma once

#include <stdint.h>

namespace ebpf::machine {
struct MachineOps;
}  // namespace ebpf::machine

namespace ebpf::hermit {

/// Whether interrupts are masked here, as they are in a trap, in an interrupt
/// and under most of the kernel's locks. Context: any.
bool InterruptsMasked();

/// Puts our exception vectors before the kernel's. False if that cannot be:
/// our vectors cannot be written, or the kernel's are too far away; the kernel
/// then keeps its own. Context: task, once.
bool InstallTraps();

/// What arch/ knows of this CPU beyond its type. Context: any.
uint64_t MachineFeatures();

/// The table of arch/ for this CPU.
const machine::MachineOps& Machine();

}  // namespace ebpf::hermit
