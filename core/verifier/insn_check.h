// SPDX-License-Identifier: MIT
//
// What makes one instruction wrong wherever it stands.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Checks the encoding of the instruction at `index`, and that the maps it
/// names are there. Precondition: it is not a second slot.
Status CheckInsn(Verification& v, uint32_t index);

}  // namespace ebpf::verifier
