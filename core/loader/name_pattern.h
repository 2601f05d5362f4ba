// SPDX-License-Identifier: MIT
//
// Patterns of functions' names, as libbpf has them in SEC("kprobe.multi/...").
#pragma once

#include "core/base/string_view.h"

namespace ebpf::loader {

/// Whether `pattern` is of all of `name`: '*' stands for any characters, also
/// none, '?' for one. Takes at most the product of their lengths in steps, and
/// no memory. Context: any.
bool MatchesPattern(StringView name, StringView pattern);

/// Whether it can be of more than one name.
bool IsPattern(StringView pattern);

}  // namespace ebpf::loader
