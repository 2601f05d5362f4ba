// SPDX-License-Identifier: MIT
//
// The graph of jumps and calls.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Refuses instructions that no path reaches, and marks those where paths
/// meet. CheckStructure has been passed. kNoMemory.
Status CheckGraph(Verification& v);

}  // namespace ebpf::verifier
