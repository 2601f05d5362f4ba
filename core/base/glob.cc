// SPDX-License-Identifier: MIT
//
// core/base/glob.h's implementation.
#include "core/base/glob.h"

namespace ebpf {
namespace {

/// What stands in a pattern for one character.
struct Element {
  size_t size = 1;  // in the pattern
  bool matches = false;
};

/// "[...]" at `pattern`'s beginning; of size 0 when nothing closes it. A ']' in
/// the first place is a member, and so is a '-' in the last.
Element MatchClass(StringView pattern, char c) {
  size_t at = 1;
  const bool inverted = at < pattern.size() && pattern[at] == '!';
  at += inverted ? 1 : 0;
  const size_t first = at;
  bool found = false;
  while (at < pattern.size() && (pattern[at] != ']' || at == first)) {
    const auto low = static_cast<uint8_t>(pattern[at]);
    auto high = low;
    if (at + 2 < pattern.size() && pattern[at + 1] == '-' &&
        pattern[at + 2] != ']') {
      high = static_cast<uint8_t>(pattern[at + 2]);
      at += 2;
    }
    const auto value = static_cast<uint8_t>(c);
    found = found || (low <= value && value <= high);
    ++at;
  }
  if (at >= pattern.size()) {
    return {.size = 0};
  }
  return {.size = at + 1, .matches = found != inverted};
}

/// The element at `pattern`'s beginning, which is not a '*'.
Element MatchOne(StringView pattern, char c) {
  switch (pattern[0]) {
    case '?':
      return {.matches = true};
    case '[': {
      const Element element = MatchClass(pattern, c);
      if (element.size != 0) {
        return element;
      }
      return {.matches = c == '['};
    }
    case '\\':
      if (pattern.size() > 1) {
        return {.size = 2, .matches = pattern[1] == c};
      }
      [[fallthrough]];
    default:
      return {.matches = pattern[0] == c};
  }
}

/// Whether elements, as `match` says what one is, and stars are all of `text`.
template <typename Match>
bool Matches(StringView text, StringView pattern, Match match) {
  size_t at = 0;
  size_t in_pattern = 0;
  // Where the last '*' is, and what it stands for ends: only that one must ever
  // be tried with more, for what was matched before it cannot do better.
  size_t star = pattern.size();
  size_t star_end = 0;
  while (at < text.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
      star = in_pattern++;
      star_end = at;
      continue;
    }
    const Element element = in_pattern < pattern.size()
                                ? match(pattern.Substring(in_pattern), text[at])
                                : Element{};
    if (element.matches) {
      ++at;
      in_pattern += element.size;
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

}  // namespace

bool MatchesWildcards(StringView text, StringView pattern) {
  return Matches(text, pattern, [](StringView rest, char c) {
    return Element{.matches = rest[0] == '?' || rest[0] == c};
  });
}

bool HasWildcards(StringView pattern) {
  return pattern.Find('*') != pattern.size() ||
         pattern.Find('?') != pattern.size();
}

bool MatchesGlob(StringView text, StringView pattern) {
  return Matches(text, pattern, MatchOne);
}

}  // namespace ebpf
