// SPDX-License-Identifier: MIT
//
// core/loader/name_pattern.h's implementation.
#include "core/loader/name_pattern.h"

namespace ebpf::loader {

bool MatchesPattern(StringView name, StringView pattern) {
  size_t at = 0;
  size_t in_pattern = 0;
  // Where the last '*' is, and what it stands for ends: only that one must ever
  // be tried with more, for what was matched before it cannot do better.
  size_t star = pattern.size();
  size_t star_end = 0;
  while (at < name.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
      star = in_pattern++;
      star_end = at;
    } else if (in_pattern < pattern.size() &&
               (pattern[in_pattern] == '?' ||
                pattern[in_pattern] == name[at])) {
      ++at;
      ++in_pattern;
    } else if (star < pattern.size()) {
      at = ++star_end;
      in_pattern = star + 1;
    } else {
      return false;
    }
  }
  while (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
    ++in_pattern;
  }
  return in_pattern == pattern.size();
}

bool IsPattern(StringView pattern) {
  for (const char c : pattern) {
    if (c == '*' || c == '?') {
      return true;
    }
  }
  return false;
}

}  // namespace ebpf::loader
