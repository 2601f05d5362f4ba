// SPDX-License-Identifier: MIT
//
// Strings that are known when the program is loaded.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Whether register `number`, a pointer to a map's value, is the address of a
/// string that ends with a zero, in a map that nobody writes.
Status CheckConstString(Verification& v, unsigned number);

/// Whether bpf_snprintf takes `format` with `count` words as arguments.
bool IsFormat(StringView format, uint64_t count);

/// The format in register `format` and the size of its arguments in register
/// `size` go together.
Status CheckFormat(Verification& v, unsigned format, unsigned size);

}  // namespace ebpf::verifier
