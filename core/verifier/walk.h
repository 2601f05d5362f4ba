// SPDX-License-Identifier: MIT
//
// The walk over all paths.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Walks each path from `v.state` at `v.index`, where a function that is
/// verified by itself begins, to its end or to where it was seen before. The
/// structure, graph and liveness are there.
Status Walk(Verification& v);

}  // namespace ebpf::verifier
