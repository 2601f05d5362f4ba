// SPDX-License-Identifier: MIT
//
// Patterns of names and texts.
#pragma once

#include "core/base/string_view.h"

namespace ebpf {

/// Whether `pattern` is of all of `text`: '*' stands for any characters, also
/// none, '?' for one, "[a-z]" for one of these, "[!a-z]" for one that is none
/// of them, and behind '\' each stands for itself. A '[' that nothing closes is
/// a character. As Linux's filters have it (Documentation/trace/events.rst,
/// "Event filtering"). Takes at most the product of their lengths in steps, and
/// no memory. Context: any.
bool MatchesGlob(StringView text, StringView pattern);

}  // namespace ebpf
