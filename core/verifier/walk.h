// SPDX-License-Identifier: MIT
//
// The walk over all paths.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Walks each path of the program, from r1 = context on, to its end or to where
/// it was seen before. The structure, graph and liveness are there.
Status Walk(Verification& v);

}  // namespace ebpf::verifier
