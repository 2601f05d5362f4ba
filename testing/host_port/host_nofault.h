// SPDX-License-Identifier: MIT
//
// What tests ask of the host port's core/platform/nofault.h.
#pragma once

#include <initializer_list>

#include "core/platform/nofault.h"

namespace ebpf {

/// What ebpf_port_nofault_ranges gives to programs compiled from now on; at
/// most EBPF_MAX_NOFAULT_RANGES. Context: no other thread compiles.
void SetHostNofaultRanges(std::initializer_list<ebpf_address_range> ranges);

/// A copy that faults, and comes back by a handler of faults, instead of asking
/// the host's kernel; null: none. Set by who handles faults (HostTraps).
using HostNofaultCopy = bool (*)(void* to, uintptr_t from, size_t size);
void SetHostNofaultCopy(HostNofaultCopy copy);

/// All of the process again.
void ResetHostNofaultRanges();

}  // namespace ebpf
