// SPDX-License-Identifier: MIT
//
// Which calls had an allocation failed on purpose, for
// testing/allocation_sites.
#pragma once

namespace ebpf::host {

/// Notes who asked for the memory that is refused now: the caller and all of
/// its callers. Where EBPF_FAILED_ALLOCATIONS names a file, it gets, when the
/// process ends, a line for each: an address, from the program's beginning on.
void NoteFailedAllocation();

}  // namespace ebpf::host
