// SPDX-License-Identifier: MIT
//
// Whether an allocation is the one that shall fail; for the host port's own
// files only.
#pragma once

namespace ebpf::host {

/// Counts one allocation for FailNthAllocation; true: it fails.
bool TakeAllocationFailure();

}  // namespace ebpf::host
