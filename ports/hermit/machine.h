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

/// Prepares a timer of our own, whose interrupts our vectors see before the
/// kernel. False if there is none. Context: task, once, after InstallTraps().
bool StartTimer();

/// Has the timer interrupt at `deadline_ns` by ebpf_port_time_ns(), soon if
/// that is past and never if it is all ones. Context: any, interrupts masked.
void ArmTimer(uint64_t deadline_ns);

/// What arch/ knows of this CPU beyond its type. Context: any.
uint64_t MachineFeatures();

/// The table of arch/ for this CPU.
const machine::MachineOps& Machine();

}  // namespace ebpf::hermit
