// SPDX-License-Identifier: MIT
//
// Patterns of names and texts.
#pragma once

#include "core/base/string_view.h"

namespace ebpf {

/// Whether `pattern` is of all of `text`: '*' stands for any characters, also
/// none, '?' for one; all others stand for themselves, as libbpf has it in
/// SEC("kprobe.multi/..."). Takes at most the product of
/// their lengths in steps, and no memory. Context: any.
bool MatchesWildcards(StringView text, StringView pattern);

/// Whether it can be of more than one text.
bool HasWildcards(StringView pattern);

/// As MatchesWildcards, and with more: "[a-z]" stands for one of these,
/// "[!a-z]" for one that is none of them, and behind '\' each stands for
/// itself. A '[' that nothing closes is a character. As Linux's filters have it
/// (Documentation/trace/events.rst, "Event filtering").
bool MatchesGlob(StringView text, StringView pattern);

}  // namespace ebpf
