// SPDX-License-Identifier: MIT
//
// Helpers that may be called only in programs that are attached to certain
// functions.
#pragma once

#include "core/helpers/prototype.h"
#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Whether what the program is attached to allows `helper`.
bool AllowedByTarget(const Verification& v, const HelperPrototype& helper);

}  // namespace ebpf::verifier
