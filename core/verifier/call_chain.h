// SPDX-License-Identifier: MIT
//
// How much stack a chain of calls takes.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Makes the last `bytes` (at most kMaxStackBytes) of `frame`'s stack usable.
void GrowStack(Verification& v, Frame& frame, uint32_t bytes);

/// Fills in `v.graph` with what the instructions say.
void FindCalls(Verification& v);

/// After the walk: whether every chain of calls, walked or not, fits in
/// kMaxFrames and kMaxStackBytes. Sets `v.stats.stack_depth`. kNoMemory.
Status CheckCallChains(Verification& v);

}  // namespace ebpf::verifier
