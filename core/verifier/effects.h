// SPDX-License-Identifier: MIT
//
// What functions of the program may do, wherever in them it stands: for those
// that call global ones without walking into them.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Fills in Subprogram::may_sleep and may_throw. After FindCalls.
void FindEffects(Verification& v);

}  // namespace ebpf::verifier
