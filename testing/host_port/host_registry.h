// SPDX-License-Identifier: MIT
//
// Which thread is which CPU; for the host port's own files only.
#pragma once

#include <stdint.h>

namespace ebpf::host {

/// The calling thread becomes CPU `cpu`, which nobody is: else a panic. Waits
/// while a rendezvous is going on.
void RegisterCpu(uint32_t cpu);
void UnregisterCpu(uint32_t cpu);

/// What SetHostTextSupport said.
bool TextSupported();

/// Whether the caller is a rendezvous' function.
bool InRendezvous();

}  // namespace ebpf::host
