// SPDX-License-Identifier: MIT
//
// What a function of the program takes, from its BTF and the tags on its
// arguments.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Fills in `arguments` of the function, once. Of a global one, says what is
/// not supported; static ones, whose arguments are walked as they are, fail
/// silently. kInvalid, kNotSupported as Linux.
Status FindArguments(Verification& v, uint32_t subprogram);

}  // namespace ebpf::verifier
