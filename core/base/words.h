// SPDX-License-Identifier: MIT
//
// Text as words between blanks (IsSpace), as who writes commands separates
// them.
#pragma once

#include <stddef.h>

#include "core/base/ascii.h"
#include "core/base/string_view.h"
#include "core/base/text_writer.h"

namespace ebpf {

/// Without the blanks at both ends.
constexpr StringView Trim(StringView text) {
  while (!text.empty() && IsSpace(text[0])) {
    text = text.Substring(1);
  }
  while (!text.empty() && IsSpace(text[text.size() - 1])) {
    text = text.First(text.size() - 1);
  }
  return text;
}

/// The first word of `rest`, which begins behind it then; empty: there is none.
constexpr StringView TakeWord(StringView& rest) {
  size_t begin = 0;
  while (begin < rest.size() && IsSpace(rest[begin])) {
    ++begin;
  }
  size_t end = begin;
  while (end < rest.size() && !IsSpace(rest[end])) {
    ++end;
  }
  const StringView word = rest.First(end).Substring(begin);
  rest = rest.Substring(end);
  return word;
}

/// Writes the words of `text` with one blank between them; how many.
inline size_t PutWords(TextWriter& writer, StringView text) {
  size_t count = 0;
  for (StringView word = TakeWord(text); !word.empty(); word = TakeWord(text)) {
    writer.Put(count == 0 ? "" : " ").Put(word);
    ++count;
  }
  return count;
}

}  // namespace ebpf
