// SPDX-License-Identifier: MIT
//
// The block for people: why a program was refused, where, on what way, and what
// to do about it. Its heads are those of Linux 7.3.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Writes it behind the message, and after it the message once more, with its
/// instruction: clients that know no such block look for the cause in the last
/// lines. Nothing where nothing was refused.
void WriteDiagnosis(Verification& v);

}  // namespace ebpf::verifier
