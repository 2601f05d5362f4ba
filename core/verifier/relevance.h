// SPDX-License-Identifier: MIT
//
// Which numbers matter: whether what a register or a slot of the stack holds
// can still decide where the walk goes or whether it is refused.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Fills in `v.relevance`, unless the program is so long that this would take
/// too much memory: then all matters. ComputeLiveness has been done. kNoMemory.
Status ComputeRelevance(Verification& v);

/// What matters before the instruction at `index`. For a function that waits
/// for its callee: at its call.
inline Relevant RelevantAt(const Verification& v, uint32_t index) {
  return v.relevance.empty() ? Relevant::All() : v.relevance[index];
}

}  // namespace ebpf::verifier
