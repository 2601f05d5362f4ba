// SPDX-License-Identifier: MIT
//
// Where a CPU folder and a personality enter the guest kernel.
#pragma once

#include <stdint.h>

#include "testing/guest/kernel/machine.h"

namespace guest {

/// Where CPU 0 comes to from boot.S; runs the tests and ends QEMU.
extern "C" [[noreturn]] void GuestMain();

/// The body of an image: its tests. Runs as a thread on CPU 0, interrupts on,
/// all CPUs started. Each image defines its own. False: a test failed.
bool RunTests();

/// To be called by the personality's trap handler for an interrupt (timer or
/// IPI) of this CPU, `cause` as for machine::ClaimInterrupt().
void DispatchInterrupt(uintptr_t cause, Interrupted where);

/// Reports a trap that nobody claims, with what the CPU says of it, and ends
/// QEMU with a failure.
[[noreturn]] void UnhandledTrap(const char* what, uintptr_t cause,
                                uintptr_t address, Interrupted where);

/// Prints why and ends QEMU with a failure. Context: any.
[[noreturn]] void Panic(const char* why);

}  // namespace guest
