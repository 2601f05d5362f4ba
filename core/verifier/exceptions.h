// SPDX-License-Identifier: MIT
//
// Programs that throw: bpf_throw ends the program from any depth of calls, and
// a function that the program names gives its result.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Where the function begins that the decl tag "exception_callback:" of the
/// program's own function names; kNotFound without one. Fails as Linux does
/// where the tag is wrong.
Result<uint32_t> FindExceptionCallback(Verification& v);

/// Whether the program's exception callback, if there is one, is called by
/// nobody.
Status CheckExceptionCallback(Verification& v);

/// A call of bpf_throw(r1).
Status StepThrow(Verification& v);

/// Nothing is held that a function which throws would leave behind.
Status CheckMayThrow(Verification& v);

}  // namespace ebpf::verifier
