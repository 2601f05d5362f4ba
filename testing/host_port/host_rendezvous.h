// SPDX-License-Identifier: MIT
//
// How a test makes the host port's rendezvous fail or vanish.
#pragma once

#include <stdint.h>

namespace ebpf {

/// How long ebpf_port_stop_machine waits for the other CPUs before it gives up
/// with -EBUSY; 10 s at first. A CPU that masks interrupts for longer makes it
/// fail.
void SetHostRendezvousTimeout(uint64_t milliseconds);

/// The `n`-th rendezvous from now on (1: the next) and all after it are given
/// up at once, as if a CPU did not come; 0: none is.
void FailRendezvousFrom(uint64_t n);

/// False: the port has no tier T1 (every function of core/platform/text.h says
/// so), as at first it has.
void SetHostTextSupport(bool supported);

/// ebpf_port_saved_pcs names `pc`, too: a task is preempted there. 0: none is.
void SetHostPreemptedPc(uintptr_t pc);

/// False: ebpf_port_saved_pcs says that nothing was interrupted anywhere, which
/// is a lie: for tests that show what it is needed for.
void ListHostSavedPcs(bool list);

/// Rendezvous that succeeded, ever, and those that were given up.
uint64_t HostRendezvousCount();
uint64_t HostRendezvousTimeouts();

}  // namespace ebpf
